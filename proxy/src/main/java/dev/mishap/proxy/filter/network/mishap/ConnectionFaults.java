package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.filter.network.ConnectionGate;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.rules.ActiveRules;
import dev.mishap.proxy.rules.RuleSource;
import dev.mishap.proxy.rules.RuleStore;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.rules.ConnectionDecision;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.RuleSet;
import dev.mishap.rules.fault.Fault;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Executes the rules about connections. While there is none, a connection costs one volatile read. A connection that lives when rules
 * change is decided about again: what it has and what is still in place goes on, new rules are drawn, and those that ended let go
 * of it without losing a byte that they hold.
 */
public final class ConnectionFaults implements ConnectionGate {
    private static final AttributeKey<FaultyConnection> KEY = AttributeKey.valueOf("mishap.connection");

    private record SlotKey(String rule, Fault.Kind kind) {}

    private final RuleSource source;
    final ConnectionFaultStats stats;
    /** Places of {@code connectionLimit} and {@code exhaustPool}, by their rule. */
    private final Map<SlotKey, ConnectionSlots> slots = new ConcurrentHashMap<>();

    /** @param root scope without prefix */
    public ConnectionFaults(RuleStore store, Scope root) {
        this(store, new ConnectionFaultStats(root));
    }

    private ConnectionFaults(RuleSource source, ConnectionFaultStats stats) {
        this.source = source;
        this.stats = stats;
    }

    /** Executes other rules, and counts with this one. */
    ConnectionFaults of(RuleSource other) {
        return new ConnectionFaults(other, stats);
    }

    @Override
    public boolean isIdle() {
        return source.active().rules().hasNoConnectionRules();
    }

    @Override
    public void admit(
            Channel channel, ConnectionInfo info, String listener, TerminalFilterFactory terminal, Runnable proceed) {
        ActiveRules active = source.active();
        ConnectionFacts facts = new ConnectionFacts(info, listener, terminal.cluster());
        ConnectionDecision decision = active.rules().decide(facts, source.nanoTime(), System.currentTimeMillis());
        FaultyConnection connection = begin(channel, facts, terminal);
        connection.admit(active, decision, proceed);
    }

    @Override
    public void reconsider(Channel channel, ConnectionInfo info, String listener, TerminalFilterFactory terminal) {
        ActiveRules active = source.active();
        FaultyConnection connection = find(channel);
        if (connection == null) {
            if (active.rules().hasNoConnectionRules()) {
                return;
            }
            ConnectionFacts facts = new ConnectionFacts(info, listener, terminal.cluster());
            connection = begin(channel, facts, terminal);
        }
        RuleSet before = connection.ruling().by();
        if (before != active.rules()) {
            ConnectionDecision decision = active.rules()
                    .decideAgain(
                            connection.facts(),
                            source.nanoTime(),
                            System.currentTimeMillis(),
                            before,
                            connection.ruling().decision());
            connection.change(active, decision);
        }
    }

    /** A connection may be under several sets of rules: those of the API, and those of its filter chain. */
    private FaultyConnection begin(Channel channel, ConnectionFacts facts, TerminalFilterFactory terminal) {
        FaultyConnection before = channel.attr(KEY).get();
        FaultyConnection connection = new FaultyConnection(this, channel, facts, terminal.halfCloses(), before);
        channel.attr(KEY).set(connection);
        return connection;
    }

    /** The connection under those of its rules that came last. */
    FaultyConnection newest(Channel channel) {
        FaultyConnection connection = channel.attr(KEY).get();
        assert connection != null;
        return connection;
    }

    private @Nullable FaultyConnection find(Channel channel) {
        FaultyConnection connection = channel.attr(KEY).get();
        while (connection != null && connection.owner() != this) {
            connection = connection.before();
        }
        return connection;
    }

    /** The places of a rule; another fault under the same name has others. */
    ConnectionSlots slots(FaultRule rule, int size) {
        SlotKey key = new SlotKey(rule.name(), rule.fault().kind());
        ConnectionSlots made = slots.get(key);
        if (made == null) {
            // Rules come and go under ever new names.
            slots.entrySet()
                    .removeIf(e -> e.getValue().isUnused()
                            && source.active().rules().status(e.getKey().rule()) == null);
            made = slots.computeIfAbsent(key, k -> new ConnectionSlots(size));
        }
        made.size(size);
        return made;
    }

    /** Whether no fault may happen, and what is held is to be let go of. */
    boolean isKilled() {
        return source.killSwitch().isOn();
    }

    long nanoTime() {
        return source.nanoTime();
    }
}
