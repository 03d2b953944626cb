package dev.mishap.proxy.filter.http.mishap;

import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.route.match.HeaderMatcher;
import dev.mishap.proxy.rules.ActiveRules;
import dev.mishap.proxy.rules.KillSwitch;
import dev.mishap.proxy.rules.PlacedRules;
import dev.mishap.proxy.rules.RuleTag;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Executes one HttpFault on one stream: its reset itself, its rules as those of the API are executed. */
final class HttpFaultFilter implements HttpFilter {
    private static final long MILLION = 1_000_000;

    /**
     * What the streams share.
     *
     * @param name under which routes configure the filter
     * @param ruleStats those of all rules
     */
    record Shared(
            String name,
            HttpFaultConfig config,
            Counter resets,
            RandomSource random,
            RulesFilterStats ruleStats,
            String listener,
            KillSwitch kill) {}

    private final Shared shared;
    private @Nullable RulesFilter rules;

    HttpFaultFilter(Shared shared) {
        this.shared = shared;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap request, boolean endStream) {
        HttpFaultConfig config =
                stream.perFilterConfig(shared.name) instanceof HttpFaultConfig perRoute ? perRoute : shared.config;
        if (resets(config, request)) {
            shared.resets.inc();
            stream.info().addFlag(ResponseFlag.FAULT_INJECTED);
            stream.info().putDynamicMetadata(RuleTag.METADATA_NAMESPACE, config.metadata());
            stream.resetDownstream(RulesFilter.RESET_DETAILS);
            return Flow.PAUSE;
        }
        PlacedRules placed = config.rules();
        ActiveRules active = placed == null ? ActiveRules.NONE : placed.active();
        if (placed == null || active.isIdle()) {
            return Flow.CONTINUE;
        }
        RulesFilter filter = new RulesFilter(placed, active, shared.ruleStats, shared.listener, r -> false, this);
        rules = filter;
        return filter.onRequestHeaders(stream, request, endStream);
    }

    private boolean resets(HttpFaultConfig config, HeaderMap request) {
        long share = config.resetPartsPerMillion();
        return share > 0
                && !shared.kill.isOn()
                && HeaderMatcher.allMatch(config.headers(), request)
                && (share >= MILLION || Long.remainderUnsigned(shared.random.next(), MILLION) < share);
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        return rules == null ? Flow.CONTINUE : rules.onResponseHeaders(stream, headers, endStream);
    }

    @Override
    public Flow onResponseData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        return rules == null ? Flow.CONTINUE : rules.onResponseData(stream, borrowed, endStream);
    }

    @Override
    public Flow onResponseTrailers(HttpStream stream, HeaderMap trailers) {
        return rules == null ? Flow.CONTINUE : rules.onResponseTrailers(stream, trailers);
    }

    @Override
    public void onStreamEnd(HttpStream stream) {
        if (rules != null) {
            rules.onStreamEnd(stream);
        }
    }
}
