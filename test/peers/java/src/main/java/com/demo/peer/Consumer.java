package com.demo.peer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/**
 * Calls com.demo.Echo. Settings: app, timeout, and either direct (bolt://host:port) or registry.
 * Commands: call {method, args, timeout, type}, load {threads, calls, method, args, timeout}.
 */
public final class Consumer {
    private final Calls calls;

    private Consumer(Calls calls) {
        this.calls = calls;
    }

    public static void main(String[] args) throws Exception {
        var consumer = new Consumer(new Calls(Settings.parse(args)));
        new Console(Map.of("call", consumer::call, "load", consumer::load)).serve();
    }

    private Object call(JsonNode command) throws Exception {
        return calls.run(Call.parse(command));
    }

    private Object load(JsonNode command) throws InterruptedException {
        var load = new Load(command.path("threads").asInt(1), command.path("calls").asInt(1));
        var call = Call.parse(command);
        calls.prepare(call.type());
        return load.run(serial -> calls.run(call.withSerial(serial)));
    }
}
