package dev.mishap.proxy.filter.http.mishap;

import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.route.match.HeaderMatcher;
import dev.mishap.proxy.rules.RuleTag;

/** Executes one HttpFault on one stream. */
final class HttpFaultFilter implements HttpFilter {
    private static final long MILLION = 1_000_000;

    private final String name;
    private final HttpFaultConfig filterConfig;
    private final Counter resets;
    private final RandomSource random;

    HttpFaultFilter(String name, HttpFaultConfig filterConfig, Counter resets, RandomSource random) {
        this.name = name;
        this.filterConfig = filterConfig;
        this.resets = resets;
        this.random = random;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap request, boolean endStream) {
        HttpFaultConfig config =
                stream.perFilterConfig(name) instanceof HttpFaultConfig perRoute ? perRoute : filterConfig;
        long share = config.resetPartsPerMillion();
        if (share <= 0
                || !HeaderMatcher.allMatch(config.headers(), request)
                || share < MILLION && Long.remainderUnsigned(random.next(), MILLION) >= share) {
            return Flow.CONTINUE;
        }
        resets.inc();
        stream.info().addFlag(ResponseFlag.FAULT_INJECTED);
        stream.info().putDynamicMetadata(RuleTag.METADATA_NAMESPACE, config.metadata());
        stream.resetDownstream(RulesFilter.RESET_DETAILS);
        return Flow.PAUSE;
    }
}
