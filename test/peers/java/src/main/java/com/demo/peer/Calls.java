package com.demo.peer;

import com.alipay.sofa.rpc.api.future.SofaResponseFuture;
import com.alipay.sofa.rpc.config.ConsumerConfig;
import com.alipay.sofa.rpc.context.RpcInvokeContext;
import com.alipay.sofa.rpc.core.exception.SofaRpcException;
import com.alipay.sofa.rpc.core.invoke.SofaResponseCallback;
import com.alipay.sofa.rpc.core.request.RequestBase;
import com.demo.Echo;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** The proxies of the service, one for each type of call, made when first used. */
final class Calls {
    private static final int DEFAULT_TIMEOUT = 3_000;
    private static final int PATIENCE = 20_000;

    private final Settings settings;
    private final int timeout;
    private final Map<Call.Type, Echo> proxies = new ConcurrentHashMap<>();

    Calls(Settings settings) {
        this.settings = settings;
        this.timeout = settings.number("timeout", DEFAULT_TIMEOUT);
    }

    /** Subscribes and connects, so that the first call need not. */
    void prepare(Call.Type type) {
        proxies.computeIfAbsent(type, this::refer);
    }

    Object run(Call call) throws Exception {
        prepare(call.type());
        Echo echo = proxies.get(call.type());
        var context = RpcInvokeContext.getContext();
        try {
            context.setTimeout(call.timeout() > 0 ? call.timeout() : timeout);
            return call.summarize(switch (call.type()) {
                case SYNC, ONEWAY -> call.invoke(echo);
                case FUTURE -> {
                    call.invoke(echo);
                    yield SofaResponseFuture.getResponse(PATIENCE, true);
                }
                case CALLBACK -> {
                    var answer = new Answer();
                    context.setResponseCallback(answer);
                    call.invoke(echo);
                    yield answer.await();
                }
            });
        } finally {
            RpcInvokeContext.removeContext();
        }
    }

    private Echo refer(Call.Type type) {
        var config = new ConsumerConfig<Echo>()
            .setApplication(settings.application())
            .setInterfaceId(Echo.class.getName())
            .setProtocol("bolt")
            .setInvokeType(type.name().toLowerCase(Locale.ROOT))
            .setTimeout(timeout)
            .setConnectTimeout(2_000)
            // Tests cut connections; the default of 10 s would be most of their time.
            .setReconnectPeriod(500)
            .setRetries(0)
            .setAddressWait(10_000)
            .setRepeatedReferLimit(-1);
        if (settings.registry() != null) {
            config.setRegistry(settings.registry());
        } else {
            config.setDirectUrl(settings.text("direct"));
        }
        return config.refer();
    }

    /** Waits for what the callback gets, and throws what it is told. */
    @SuppressWarnings("rawtypes")
    private static final class Answer implements SofaResponseCallback {
        private final CompletableFuture<Object> result = new CompletableFuture<>();

        Object await() throws Exception {
            try {
                return result.get(PATIENCE, TimeUnit.MILLISECONDS);
            } catch (java.util.concurrent.ExecutionException e) {
                throw e.getCause() instanceof Exception cause ? cause : e;
            }
        }

        @Override
        public void onAppResponse(Object response, String method, RequestBase request) {
            result.complete(response);
        }

        @Override
        public void onAppException(Throwable error, String method, RequestBase request) {
            result.completeExceptionally(error);
        }

        @Override
        public void onSofaException(SofaRpcException error, String method, RequestBase request) {
            result.completeExceptionally(error);
        }
    }
}
