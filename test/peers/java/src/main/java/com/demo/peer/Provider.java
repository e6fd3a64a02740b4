package com.demo.peer;

import com.alipay.sofa.rpc.config.ProviderConfig;
import com.alipay.sofa.rpc.config.RegistryConfig;
import com.alipay.sofa.rpc.config.ServerConfig;
import com.demo.Echo;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/**
 * Offers com.demo.Echo. Settings: app, name, host, port, and optionally registry and the advertised
 * virtualHost and virtualPort. Commands: told, unexport, export.
 */
public final class Provider {
    private final Settings settings;
    private final EchoService service;
    private ProviderConfig<Echo> config;

    private Provider(Settings settings) {
        this.settings = settings;
        this.service = new EchoService(settings.text("name"));
    }

    public static void main(String[] args) throws Exception {
        var provider = new Provider(Settings.parse(args));
        var console = new Console(Map.of(
            "told", provider::told,
            "export", provider::export,
            "unexport", provider::unexport));
        provider.export(null);
        console.serve();
    }

    private List<String> told(JsonNode command) {
        return service.told();
    }

    private synchronized Object export(JsonNode command) {
        config = configure();
        config.export();
        return true;
    }

    private synchronized Object unexport(JsonNode command) {
        config.unExport();
        return true;
    }

    private ProviderConfig<Echo> configure() {
        RegistryConfig registry = settings.registry();
        var config = new ProviderConfig<Echo>()
            .setApplication(settings.application())
            .setInterfaceId(Echo.class.getName())
            .setRef(service)
            .setServer(server())
            .setRegister(registry != null);
        if (registry != null) {
            config.setRegistry(registry);
        }
        return config;
    }

    private ServerConfig server() {
        var server = new ServerConfig()
            .setProtocol("bolt")
            .setHost(settings.text("host"))
            .setPort(settings.number("port", 0))
            .setDaemon(true);
        if (settings.text("virtualHost") != null) {
            server.setVirtualHost(settings.text("virtualHost"));
            server.setVirtualPort(settings.number("virtualPort", 0));
        }
        return server;
    }
}
