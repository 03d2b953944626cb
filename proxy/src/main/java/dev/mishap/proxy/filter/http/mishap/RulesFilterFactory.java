package dev.mishap.proxy.filter.http.mishap;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.rules.ActiveRules;
import dev.mishap.proxy.rules.RuleStore;
import java.util.function.Predicate;

/**
 * The implicit first HTTP filter of every connection manager: it executes the rules of the API. While there is neither a rule
 * nor an observer it costs one volatile read a request.
 */
public final class RulesFilterFactory implements HttpFilterFactory {
    private static final HttpFilter IDLE = new HttpFilter() {};

    private final RuleStore store;
    private final RulesFilterStats stats;
    private final String listener;
    private final Predicate<HeaderMap> probes;

    /**
     * A factory for the connection managers of the listener of that name.
     *
     * @param probes whether a filter of the chain takes a request for a health check
     */
    public RulesFilterFactory(RuleStore store, RulesFilterStats stats, String listener, Predicate<HeaderMap> probes) {
        this.probes = probes;
        this.store = store;
        this.stats = stats;
        this.listener = listener;
    }

    @Override
    public HttpFilter create() {
        ActiveRules active = store.active();
        return active.isIdle() ? IDLE : new RulesFilter(store, active, stats, listener, probes);
    }
}
