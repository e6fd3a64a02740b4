-- Loaded by wrk: prints what a run measured as one JSON line. Times in µs.
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format(
    '{"requests":%d,"micros":%d,"bytes":%d,"p50":%.1f,"p99":%.1f,"p999":%.1f,"max":%.1f,"mean":%.1f,' ..
    '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}',
    summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max, latency.mean,
    e.connect, e.read, e.write, e.status, e.timeout))
end
