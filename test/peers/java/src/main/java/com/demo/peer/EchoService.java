package com.demo.peer;

import com.demo.Echo;
import com.demo.EchoException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

final class EchoService implements Echo {
    private final String name;
    private final List<String> told = new CopyOnWriteArrayList<>();

    EchoService(String name) {
        this.name = name;
    }

    List<String> told() {
        return told;
    }

    @Override
    public String echo(String text) {
        return text;
    }

    @Override
    public byte[] echoBytes(byte[] bytes) {
        return bytes;
    }

    @Override
    public long sum(long a, long b) {
        return a + b;
    }

    @Override
    public String fail(String text) throws EchoException {
        throw new EchoException(text);
    }

    @Override
    public String crash(String text) {
        throw new IllegalStateException(text);
    }

    @Override
    public String slow(int millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return "slept " + millis;
    }

    @Override
    public void tell(String text) {
        told.add(text);
    }

    @Override
    public String name() {
        return name;
    }
}
