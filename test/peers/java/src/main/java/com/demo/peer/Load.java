package com.demo.peer;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** So many calls, shared by so many threads, each calling as soon as its last call has returned. */
record Load(int threads, int calls) {
    /** Failures are counted by their text. */
    record Summary(int succeeded, int failed, Map<String, Integer> failures, long millis) {}

    Summary run(Callable<?> call) throws InterruptedException {
        var left = new AtomicInteger(calls);
        var succeeded = new AtomicInteger();
        var failures = new ConcurrentHashMap<String, Integer>();
        long start = System.nanoTime();
        var pool = Executors.newFixedThreadPool(threads);
        for (int i = 0; i < threads; i++) {
            pool.execute(() -> {
                while (left.getAndDecrement() > 0) {
                    try {
                        call.call();
                        succeeded.incrementAndGet();
                    } catch (Throwable e) {
                        failures.merge(String.valueOf(e), 1, Integer::sum);
                    }
                }
            });
        }
        pool.shutdown();
        pool.awaitTermination(10, TimeUnit.MINUTES);
        long millis = (System.nanoTime() - start) / 1_000_000;
        return new Summary(succeeded.get(), calls - succeeded.get(), new TreeMap<>(failures), millis);
    }
}
