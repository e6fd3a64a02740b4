package com.demo.peer;

import com.alipay.sofa.rpc.config.ApplicationConfig;
import com.alipay.sofa.rpc.config.RegistryConfig;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;

/** The JSON object of the command line: {"app", "registry": {"protocol", "address"}, …}. */
final class Settings {
    private final JsonNode json;

    private Settings(JsonNode json) {
        this.json = json;
    }

    static Settings parse(String[] args) throws JsonProcessingException {
        if (args.length != 1) {
            throw new IllegalArgumentException("usage: <settings as one JSON object>");
        }
        return new Settings(Console.JSON.readTree(args[0]));
    }

    /** The value of a key, null when it is absent. */
    String text(String key) {
        return json.hasNonNull(key) ? json.get(key).asText() : null;
    }

    int number(String key, int otherwise) {
        return json.path(key).asInt(otherwise);
    }

    ApplicationConfig application() {
        return new ApplicationConfig().setAppName(text("app"));
    }

    /** The registry, null when the peers name each other's address. */
    RegistryConfig registry() {
        JsonNode registry = json.get("registry");
        if (registry == null) {
            return null;
        }
        return new RegistryConfig()
            .setProtocol(registry.get("protocol").asText())
            .setAddress(registry.get("address").asText());
    }
}
