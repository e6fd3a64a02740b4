import type { Metrics } from '../telemetry/metrics.ts';

/** What Prometheus' own dashboards expect of a process, and which Weft it is. */
export function processMetrics(metrics: Metrics, version: string, startedAt: number): void {
  metrics.gauge('weft_build_info', 'Always 1; the version is a label.', { version }).value = 1;
  metrics.gauge('process_start_time_seconds', 'When the process started, in seconds since 1970.').value =
    startedAt / 1000;
  const cpu = metrics.counter('process_cpu_seconds_total', 'User and system CPU time.');
  const memory = metrics.gauge('process_resident_memory_bytes', 'Resident memory.');
  metrics.onCollect(() => {
    const { user, system } = process.cpuUsage();
    cpu.value = (user + system) / 1e6;
    memory.value = process.memoryUsage.rss();
  });
}
