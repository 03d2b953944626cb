package dev.mishap.benchmarks;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a request's header look-ups and mutations cost. Run: {@code benchmarks/jmh HeaderMapBenchmark -prof gc}.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(Scope.Thread)
public class HeaderMapBenchmark {
    private static final HeaderName TIER = HeaderName.of("x-user-tier");
    private static final HeaderName ABSENT = HeaderName.of("x-absent");
    private static final HeaderName ADDED = HeaderName.of("x-envoy-expected-rq-timeout-ms");

    private final HeaderMap request = new HeaderMap();
    private final HeaderMap copy = new HeaderMap();

    @Setup
    public void fill() {
        request.add(HeaderName.METHOD, "GET");
        request.add(HeaderName.PATH, "/1k");
        request.add(HeaderName.AUTHORITY, "127.0.0.1:10000");
        request.add(HeaderName.SCHEME, "http");
        request.add(HeaderName.USER_AGENT, "curl/8.5.0");
        request.add(HeaderName.of("accept"), "*/*");
        request.add(HeaderName.X_REQUEST_ID, "11111111-2222-4333-8444-555555555555");
        request.add(TIER, "canary");
    }

    @Benchmark
    public int findLast() {
        return request.indexOf(TIER);
    }

    @Benchmark
    public int missAbsent() {
        return request.indexOf(ABSENT);
    }

    @Benchmark
    public HeaderMap copyAddSetRemove() {
        copy.copyFrom(request);
        copy.add(ADDED, "15000");
        copy.set(HeaderName.AUTHORITY, "payments.internal");
        copy.remove(TIER);
        return copy;
    }
}
