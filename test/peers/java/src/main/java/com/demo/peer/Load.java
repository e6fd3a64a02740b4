package com.demo.peer;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** So many calls, numbered from 0, shared by so many threads, each calling as soon as its last call has returned. */
record Load(int threads, int calls) {
    interface NumberedCall {
        void run(int serial) throws Exception;
    }

    /** Failures are counted by their text. */
    record Summary(int succeeded, int failed, Map<String, Integer> failures, long millis) {}

    Summary run(NumberedCall call) throws InterruptedException {
        var next = new AtomicInteger();
        var succeeded = new AtomicInteger();
        var failures = new ConcurrentHashMap<String, Integer>();
        long start = System.nanoTime();
        var pool = Executors.newFixedThreadPool(threads);
        for (int i = 0; i < threads; i++) {
            pool.execute(() -> {
                for (int serial = next.getAndIncrement(); serial < calls; serial = next.getAndIncrement()) {
                    try {
                        call.run(serial);
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
