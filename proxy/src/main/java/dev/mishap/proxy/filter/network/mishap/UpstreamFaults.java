package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.rules.ActiveRules;
import dev.mishap.proxy.rules.RuleStore;
import dev.mishap.proxy.upstream.UpstreamGate;
import dev.mishap.proxy.upstream.UpstreamLink;
import dev.mishap.rules.ConnectionDecision;
import io.netty.channel.ChannelFuture;

/**
 * Executes the rules about the proxy's own connections, as {@link ConnectionFaults} does those about clients'. While there is none, a
 * connection costs one volatile read.
 */
public final class UpstreamFaults implements UpstreamGate {
    private final RuleStore store;
    final ConnectionFaultStats stats;

    /** @param clients executes the rules about clients' connections; both count together */
    public UpstreamFaults(RuleStore store, ConnectionFaults clients) {
        this.store = store;
        this.stats = clients.stats;
    }

    @Override
    public boolean isIdle() {
        return store.active().rules().hasNoUpstreamRules();
    }

    @Override
    public ChannelFuture open(UpstreamLink link, Dial dial) {
        ActiveRules active = store.active();
        EndpointFacts facts = new EndpointFacts(link.cluster(), link.endpoint());
        ConnectionDecision decision = active.rules().decide(facts, store.nanoTime(), System.currentTimeMillis());
        FaultyUpstream connection = new FaultyUpstream(this, link, facts);
        link.state = connection;
        return connection.open(active, decision, dial);
    }

    @Override
    public void reconsider(UpstreamLink link) {
        ActiveRules active = store.active();
        FaultyUpstream connection = (FaultyUpstream) link.state;
        if (connection == null) {
            if (active.rules().hasNoUpstreamRules()) {
                return;
            }
            connection = new FaultyUpstream(this, link, new EndpointFacts(link.cluster(), link.endpoint()));
            link.state = connection;
        }
        if (connection.decidedBy() != active.rules()) {
            connection.change(
                    active,
                    active.rules()
                            .decideAgain(
                                    connection.facts(),
                                    store.nanoTime(),
                                    System.currentTimeMillis(),
                                    connection.decidedBy(),
                                    connection.decision()));
        }
    }
}
