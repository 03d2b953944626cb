package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.rules.ActiveRules;
import dev.mishap.proxy.rules.RuleSource;
import dev.mishap.proxy.rules.RuleStore;
import dev.mishap.proxy.upstream.UpstreamGate;
import dev.mishap.proxy.upstream.UpstreamLink;
import io.netty.channel.ChannelFuture;
import org.jspecify.annotations.Nullable;

/**
 * Executes the rules about the proxy's own connections, as {@link ConnectionFaults} does those about clients'. While there is none, a
 * connection costs one volatile read.
 */
public final class UpstreamFaults implements UpstreamGate {
    private final RuleSource source;
    final ConnectionFaultStats stats;

    /** @param clients executes the rules about clients' connections; both count together */
    public UpstreamFaults(RuleStore store, ConnectionFaults clients) {
        this(store, clients.stats);
    }

    private UpstreamFaults(RuleSource source, ConnectionFaultStats stats) {
        this.source = source;
        this.stats = stats;
    }

    /** Executes other rules, and counts with this one. */
    UpstreamFaults of(RuleSource other) {
        return new UpstreamFaults(other, stats);
    }

    @Override
    public boolean isIdle() {
        return source.active().rules().hasNoUpstreamRules();
    }

    /** Whether no fault may happen, and what is held is to be let go of. */
    boolean isKilled() {
        return source.killSwitch().isOn();
    }

    /** The clock that rules are installed by. */
    long nanoTime() {
        return source.nanoTime();
    }

    @Override
    public Way decide(UpstreamLink link) {
        ActiveRules active = source.active();
        EndpointFacts facts = new EndpointFacts(link.cluster(), link.endpoint(), link.address());
        return begin(link, facts)
                .decided(active, active.rules().decide(facts, source.nanoTime(), System.currentTimeMillis()));
    }

    @Override
    public void begun(UpstreamLink link, ChannelFuture made) {
        FaultyUpstream connection = find(link);
        if (connection != null) {
            connection.begun(made);
        }
    }

    @Override
    public Way reconsider(UpstreamLink link) {
        ActiveRules active = source.active();
        FaultyUpstream connection = find(link);
        if (connection == null) {
            if (active.rules().hasNoUpstreamRules()) {
                return Way.NOW;
            }
            connection = begin(link, new EndpointFacts(link.cluster(), link.endpoint(), link.address()));
        }
        Ruling ruling = connection.ruling();
        if (ruling.by() != active.rules()) {
            connection.change(
                    active,
                    active.rules()
                            .decideAgain(
                                    connection.facts(),
                                    source.nanoTime(),
                                    System.currentTimeMillis(),
                                    ruling.by(),
                                    ruling.decision()));
        }
        return connection.way();
    }

    /** A connection may be under several sets of rules: those of the API, and those of its cluster. */
    private FaultyUpstream begin(UpstreamLink link, EndpointFacts facts) {
        FaultyUpstream connection = new FaultyUpstream(this, link, facts, (FaultyUpstream) link.state);
        link.state = connection;
        return connection;
    }

    private @Nullable FaultyUpstream find(UpstreamLink link) {
        FaultyUpstream connection = (FaultyUpstream) link.state;
        while (connection != null && connection.owner() != this) {
            connection = connection.before();
        }
        return connection;
    }
}
