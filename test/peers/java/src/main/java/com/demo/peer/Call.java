package com.demo.peer;

import com.demo.Echo;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;

/**
 * One call as a command describes it; a timeout of 0 leaves it to the consumer's settings. The bytes of echoBytes
 * depend on the serial, so that calls at the same time must not get each other's replies.
 */
record Call(String method, JsonNode args, int timeout, Type type, int serial) {
    /** How the caller gets the result. */
    enum Type { SYNC, FUTURE, CALLBACK, ONEWAY }

    static Call parse(JsonNode command) {
        return new Call(
            command.path("method").asText("echo"),
            command.path("args"),
            command.path("timeout").asInt(0),
            Type.valueOf(command.path("type").asText("sync").toUpperCase()),
            0);
    }

    Call withSerial(int serial) {
        return new Call(method, args, timeout, type, serial);
    }

    /** Calls the method; asynchronous proxies return nothing of worth here. */
    Object invoke(Echo echo) throws Exception {
        return switch (method) {
            case "echo" -> echo.echo(args.get(0).asText());
            case "echoBytes" -> echo.echoBytes(pattern());
            case "sum" -> echo.sum(args.get(0).asLong(), args.get(1).asLong());
            case "fail" -> echo.fail(args.get(0).asText());
            case "crash" -> echo.crash(args.get(0).asText());
            case "slow" -> echo.slow(args.get(0).asInt());
            case "name" -> echo.name();
            case "tell" -> {
                echo.tell(args.get(0).asText());
                yield null;
            }
            default -> throw new IllegalArgumentException("no method " + method);
        };
    }

    /** What the command's reply says; bytes are compared here and only counted there. */
    Object summarize(Object result) {
        if (!method.equals("echoBytes") || type == Type.ONEWAY) {
            return result;
        }
        byte[] bytes = (byte[]) result;
        if (!Arrays.equals(bytes, pattern())) {
            throw new IllegalStateException("echoBytes brought back other bytes");
        }
        return bytes.length;
    }

    private byte[] pattern() {
        byte[] bytes = new byte[args.get(0).asInt()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 31 + (i >>> 8) + (serial >>> 8 * (i & 1)));
        }
        return bytes;
    }
}
