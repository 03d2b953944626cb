package dev.mishap.proxy.filter.network.rbac;

import dev.mishap.proxy.filter.common.matching.ConnectionFacts;
import dev.mishap.proxy.filter.common.rbac.RbacEngine.Decision;
import dev.mishap.proxy.filter.common.rbac.RbacMetadata;
import dev.mishap.proxy.filter.network.NetworkFilter;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Decides when the first bytes are there, which is after the TLS handshake; again with all that follow, if it is to. */
final class NetworkRbacFilter implements NetworkFilter {
    private static final String NAMESPACE = "envoy.filters.network.rbac";
    private static final String CLOSE_REASON = "rbac_deny_close";

    private final NetworkRbacExtension.Config config;
    private @Nullable Connection connection;
    private @Nullable Future<?> delayedClose;
    private boolean shadowDecided;
    private boolean decided;

    NetworkRbacFilter(NetworkRbacExtension.Config config) {
        this.config = config;
    }

    @Override
    public Status onNewConnection(Connection c) {
        connection = c;
        return Status.CONTINUE;
    }

    @Override
    public Status onData(ByteBuf data, boolean end) {
        Connection c = connection;
        if (c == null || delayedClose != null) {
            return Status.STOP;
        }
        ConnectionFacts facts = new ConnectionFacts(c.info());
        if (config.shadow() != null && (!shadowDecided || config.continuous())) {
            shadowDecided = true;
            Decision shadow = config.shadow().decide(facts);
            config.stats().countShadow(shadow, false);
            c.info().putDynamicMetadata(NAMESPACE, RbacMetadata.fields(null, shadow, "", config.shadowPrefix()));
        }
        if (config.rules() != null && (!decided || config.continuous())) {
            decided = true;
            Decision decision = config.rules().decide(facts);
            config.stats().count(decision, false);
            if (decision.logHint() != null) {
                c.info().putDynamicMetadata(RbacMetadata.COMMON, RbacMetadata.logHint(decision.logHint()));
            }
            if (!decision.allowed()) {
                deny(c, decision);
                return Status.STOP;
            }
        }
        return config.continuous() ? Status.CONTINUE : Status.DONE;
    }

    private void deny(Connection c, Decision decision) {
        c.info().terminationDetails = RbacMetadata.details(decision.policy());
        if (config.delayNanos() > 0) {
            delayedClose = c.channel()
                    .eventLoop()
                    .schedule(() -> c.closeNow(CLOSE_REASON), config.delayNanos(), TimeUnit.NANOSECONDS);
        } else {
            c.closeNow(CLOSE_REASON);
        }
    }

    @Override
    public void onClose() {
        Future<?> pending = delayedClose;
        if (pending != null) {
            pending.cancel(false);
        }
    }
}
