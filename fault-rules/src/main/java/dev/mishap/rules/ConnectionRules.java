package dev.mishap.rules;

import org.jspecify.annotations.Nullable;

/**
 * The rules about the connections of one side, in order, and how they decide: the same way about those that clients make and those that
 * the proxy makes.
 *
 * @param <V> what is known of such a connection
 */
abstract class ConnectionRules<V> {
    private final CompiledRule[] rules;

    private ConnectionRules(CompiledRule[] rules) {
        this.rules = rules;
    }

    /** Rules about the connections of clients. */
    static ConnectionRules<ConnectionView> ofClients(CompiledRule[] rules, Protection protection) {
        return new OfClients(rules, protection);
    }

    /** Rules about the proxy's own connections. */
    static ConnectionRules<UpstreamView> ofUpstreams(CompiledRule[] rules, Protection protection) {
        return new OfUpstreams(rules, protection);
    }

    final boolean isEmpty() {
        return rules.length == 0;
    }

    /**
     * Decides about a connection, and counts it.
     *
     * @param before the rules that {@code earlier} was made with; null for a connection that is new
     * @param earlier is released when there was one
     */
    final ConnectionDecision decide(
            V connection, long nowNanos, long epochMillis, @Nullable RuleSet before, ConnectionDecision earlier) {
        ConnectionDecision decision = ConnectionDecision.NONE;
        if (rules.length > 0) {
            long key = key(connection);
            long[] candidates = candidates(connection);
            if (candidates == null) {
                for (CompiledRule rule : rules) {
                    decision = ask(rule, connection, key, nowNanos, epochMillis, before, earlier, decision);
                }
            } else {
                for (int word = 0; word < candidates.length; word++) {
                    for (long bits = candidates[word]; bits != 0; bits &= bits - 1) {
                        CompiledRule rule = rules[(word << 6) + Long.numberOfTrailingZeros(bits)];
                        decision = ask(rule, connection, key, nowNanos, epochMillis, before, earlier, decision);
                    }
                }
            }
        }
        if (before != null) {
            earlier.release();
        }
        return decision;
    }

    private ConnectionDecision ask(
            CompiledRule compiled,
            V connection,
            long key,
            long nowNanos,
            long epochMillis,
            @Nullable RuleSet before,
            ConnectionDecision earlier,
            ConnectionDecision decision) {
        if (before != null) {
            CompiledRule was = before.compiled(compiled.rule.name());
            if (was != null && was.installed.equals(compiled.installed)) {
                if (!earlier.touches(was)) {
                    return decision;
                }
                compiled.state.active.incrementAndGet();
                ConnectionDecision kept = touch(compiled, key, decision);
                kept.keep(compiled);
                return kept;
            }
            if (compiled.terminal) {
                return decision;
            }
        }
        if (!isInScope(compiled, connection)) {
            return decision;
        }
        compiled.scoped(nowNanos);
        int point = isInCohort(compiled, connection) ? compiled.drawn(key) : -1;
        if (point < 0) {
            return decision;
        }
        boolean spared = !compiled.named && isProtected(connection);
        boolean superseded = decision.supersedes(compiled);
        return compiled.goesAhead(point, nowNanos, epochMillis, spared, superseded, decision)
                ? touch(compiled, key, decision)
                : decision;
    }

    private static ConnectionDecision touch(CompiledRule compiled, long key, ConnectionDecision decision) {
        ConnectionDecision mine = decision;
        if (mine == ConnectionDecision.NONE) {
            mine = new ConnectionDecision();
            mine.seed(key);
        }
        if (compiled.dryRun) {
            mine.wouldTouch(compiled);
        } else {
            mine.touch(compiled);
        }
        return mine;
    }

    /** The key of the draws; never {@link KeyReader#ABSENT}. */
    abstract long key(V connection);

    /** A bit for each rule that may have the connection in its scope; null = ask them all. */
    abstract long @Nullable [] candidates(V connection);

    abstract boolean isInScope(CompiledRule rule, V connection);

    abstract boolean isInCohort(CompiledRule rule, V connection);

    abstract boolean isProtected(V connection);

    private static @Nullable PlainIndex index(CompiledRule[] rules) {
        return rules.length < RuleSet.INDEX_FROM ? null : PlainIndex.build(rules);
    }

    private static long present(long key) {
        return key == KeyReader.ABSENT ? 1 : key;
    }

    private static final class OfClients extends ConnectionRules<ConnectionView> {
        private final @Nullable PlainIndex index;
        private final Protection protection;

        OfClients(CompiledRule[] rules, Protection protection) {
            super(rules);
            this.protection = protection;
            index = index(rules);
        }

        /** Of (source address, server name or else destination). */
        @Override
        long key(ConnectionView connection) {
            String name = connection.serverName();
            long target = name == null
                    ? KeyReader.address(connection.destinationAddress(), connection.destinationPort())
                    : XxHash64.ofText(name);
            return present(
                    XxHash64.finish(KeyReader.address(connection.sourceAddress(), 0) + 0x9E3779B97F4A7C15L * target));
        }

        @Override
        long @Nullable [] candidates(ConnectionView connection) {
            return index == null ? null : index.candidates(connection);
        }

        @Override
        boolean isInScope(CompiledRule rule, ConnectionView connection) {
            return rule.scope.matches(connection);
        }

        @Override
        boolean isInCohort(CompiledRule rule, ConnectionView connection) {
            return rule.cohort.contains(connection.sourceAddress());
        }

        @Override
        boolean isProtected(ConnectionView connection) {
            return protection.protects(connection);
        }
    }

    private static final class OfUpstreams extends ConnectionRules<UpstreamView> {
        private final @Nullable PlainIndex index;
        private final Protection protection;

        OfUpstreams(CompiledRule[] rules, Protection protection) {
            super(rules);
            this.protection = protection;
            index = index(rules);
        }

        /** Of (cluster, endpoint). */
        @Override
        long key(UpstreamView connection) {
            return present(XxHash64.finish(XxHash64.ofText(connection.cluster())
                    + 0x9E3779B97F4A7C15L * KeyReader.address(connection.address(), connection.port())));
        }

        @Override
        long @Nullable [] candidates(UpstreamView connection) {
            return index == null ? null : index.candidates(connection);
        }

        @Override
        boolean isInScope(CompiledRule rule, UpstreamView connection) {
            return rule.scope.matches(connection);
        }

        /** A connection that many clients may share has no cohort. */
        @Override
        boolean isInCohort(CompiledRule rule, UpstreamView connection) {
            return true;
        }

        @Override
        boolean isProtected(UpstreamView connection) {
            return protection.protects(connection);
        }
    }
}
