package dev.mishap.proxy.filter.http.mishap;

import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpFilterFactory;
import dev.mishap.proxy.rules.ActiveRules;
import dev.mishap.proxy.rules.RuleStore;

/**
 * The implicit first HTTP filter of every connection manager: it executes the rules of the API. While there is neither a rule
 * nor an observer it costs one volatile read a request.
 */
public final class RulesFilterFactory implements HttpFilterFactory {
    private static final HttpFilter IDLE = new HttpFilter() {};

    private final RuleStore store;
    private final RulesFilterStats stats;
    private final String listener;

    /** A factory for the connection managers of the listener of that name. */
    public RulesFilterFactory(RuleStore store, RulesFilterStats stats, String listener) {
        this.store = store;
        this.stats = stats;
        this.listener = listener;
    }

    @Override
    public HttpFilter create() {
        ActiveRules active = store.active();
        return active.isIdle() ? IDLE : new RulesFilter(store, active, stats, listener);
    }
}
