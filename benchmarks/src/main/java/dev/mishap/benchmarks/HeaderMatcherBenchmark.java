package dev.mishap.benchmarks;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.route.match.HeaderMatcher;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the header matchers of routes and of HTTPFault cost, which matches and which does not. Run:
 * {@code benchmarks/jmh HeaderMatcherBenchmark -prof gc}.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@State(Scope.Thread)
public class HeaderMatcherBenchmark {
    @Param({
        "string_match: {exact: canary}",
        "string_match: {prefix: can}",
        "string_match: {contains: nar}",
        "string_match: {safe_regex: {regex: 'can.*y'}}",
        "present_match: true"
    })
    public String match = "";

    private final HeaderMap hit = headers("canary");
    private final HeaderMap miss = headers("stable");
    private List<HeaderMatcher> matchers = List.of();

    private static HeaderMap headers(String tier) {
        HeaderMap map = new HeaderMap();
        map.add(HeaderName.METHOD, "GET");
        map.add(HeaderName.PATH, "/1k");
        map.add(HeaderName.AUTHORITY, "127.0.0.1:10000");
        map.add(HeaderName.USER_AGENT, "curl/8.5.0");
        map.add(HeaderName.of("x-user-tier"), tier);
        return map;
    }

    @Setup
    public void compile() {
        matchers = HeaderMatcher.listFrom(List.of(
                ConfigReader.checkedYaml("envoy.config.route.v3.HeaderMatcher", "{name: x-user-tier, " + match + "}")));
    }

    @Benchmark
    public boolean matches() {
        return HeaderMatcher.allMatch(matchers, hit);
    }

    @Benchmark
    public boolean differs() {
        return HeaderMatcher.allMatch(matchers, miss);
    }
}
