package com.demo;

/** The service of the tests; every provider, in whatever language, offers it as com.demo.Echo:1.0. */
public interface Echo {
    String echo(String text);

    byte[] echoBytes(byte[] bytes);

    long sum(long a, long b);

    /** Always throws, with the text as its message. */
    String fail(String text) throws EchoException;

    /** Always throws an IllegalStateException, which is not declared, with the text as its message. */
    String crash(String text);

    /** Answers after so many milliseconds. */
    String slow(int millis);

    /** Leaves the text with the provider; for one-way calls. */
    void tell(String text);

    /** Which provider this is. */
    String name();
}
