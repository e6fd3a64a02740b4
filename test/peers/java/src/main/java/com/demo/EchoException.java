package com.demo;

/** An exception of the business, declared in the interface. */
public class EchoException extends Exception {
    private static final long serialVersionUID = 1L;

    public EchoException(String message) {
        super(message);
    }
}
