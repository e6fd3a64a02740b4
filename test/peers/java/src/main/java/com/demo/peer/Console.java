package com.demo.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Commands in and replies out, one JSON object a line: {"id":1,"op":"call",…} is answered by
 * {"id":1,"value":…} or {"id":1,"error":{"class","message","at"}}, in the order in which they finish.
 */
final class Console {
    /** Runs one command; what it returns is the value of the reply. */
    interface Command {
        Object run(JsonNode command) throws Exception;
    }

    static final ObjectMapper JSON = new ObjectMapper();

    private final PrintStream out;
    private final Map<String, Command> commands;
    private final ExecutorService workers = Executors.newCachedThreadPool();

    /** Takes stdout for itself; whatever libraries print goes to stderr. */
    Console(Map<String, Command> commands) {
        this.commands = commands;
        this.out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
    }

    /** Says READY, serves commands until the end of the input, then ends the process. */
    void serve() throws IOException {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        print("READY");
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode command = JSON.readTree(line);
            workers.execute(() -> print(answer(command)));
        }
        System.exit(0);
    }

    private String answer(JsonNode command) {
        ObjectNode reply = JSON.createObjectNode().put("id", command.path("id").asInt());
        try {
            String op = command.path("op").asText();
            Command handler = commands.get(op);
            if (handler == null) {
                throw new IllegalArgumentException("unknown op " + op + ", known: " + commands.keySet());
            }
            reply.set("value", JSON.valueToTree(handler.run(command)));
        } catch (Throwable e) {
            StackTraceElement[] trace = e.getStackTrace();
            reply.putObject("error")
                .put("class", e.getClass().getName())
                .put("message", String.valueOf(e.getMessage()))
                .put("at", trace.length > 0 ? trace[0].toString() : "");
        }
        return reply.toString();
    }

    private synchronized void print(String line) {
        out.println(line);
    }
}
