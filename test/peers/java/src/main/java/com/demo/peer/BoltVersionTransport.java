package com.demo.peer;

import com.alipay.remoting.Url;
import com.alipay.remoting.rpc.protocol.RpcProtocolV2;
import com.alipay.sofa.rpc.client.ProviderInfo;
import com.alipay.sofa.rpc.ext.Extension;
import com.alipay.sofa.rpc.transport.ClientTransportConfig;
import com.alipay.sofa.rpc.transport.bolt.BoltClientTransport;

/**
 * Speaks Bolt v2, whose frames carry a CRC, when the system property peer.bolt is 2. SOFARPC itself always asks for
 * v1, though Bolt has had both for years.
 */
@Extension(value = "bolt", override = true, order = 1)
public final class BoltVersionTransport extends BoltClientTransport {
    public BoltVersionTransport(ClientTransportConfig config) {
        super(config);
    }

    @Override
    protected Url convertProviderToUrl(ClientTransportConfig config, ProviderInfo provider) {
        Url url = super.convertProviderToUrl(config, provider);
        if (Integer.getInteger("peer.bolt", 1) == 2) {
            url.setProtocol(RpcProtocolV2.PROTOCOL_CODE);
            url.setVersion(RpcProtocolV2.PROTOCOL_VERSION_2);
        }
        return url;
    }
}
