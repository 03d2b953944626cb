package dev.mishap.benchmarks;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.observe.log.SubstitutionFormatter;
import java.net.InetSocketAddress;
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

/** What a line of the access log costs. Run: {@code benchmarks/jmh AccessLogBenchmark -prof gc}. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@State(Scope.Thread)
public class AccessLogBenchmark {
    private static final SubstitutionFormatter SHORT =
            SubstitutionFormatter.compile("%REQ(:PATH)% %RESPONSE_CODE% %DURATION%\n");

    private final StreamInfo info = new StreamInfo();
    private final HeaderMap request = new HeaderMap();
    private final HeaderMap response = new HeaderMap();
    private final StringBuilder line = new StringBuilder(512);

    @Setup
    public void fill() {
        request.add(HeaderName.METHOD, "GET");
        request.add(HeaderName.PATH, "/1k");
        request.add(HeaderName.AUTHORITY, "127.0.0.1:10000");
        request.add(HeaderName.USER_AGENT, "curl/8.5.0");
        request.add(HeaderName.X_REQUEST_ID, "11111111-2222-4333-8444-555555555555");
        response.add(HeaderName.STATUS, "200");
        info.protocol = "HTTP/1.1";
        info.responseCode = 200;
        info.responseCodeDetails = "via_upstream";
        info.startTimeEpochNanos = 1_700_000_000_123_456_789L;
        info.startNanos = 1;
        info.endNanos = 2_000_001;
        info.bytesSent = 1024;
        info.upstreamHost = new InetSocketAddress("127.0.0.1", 8080);
    }

    /** Envoy's default format. */
    @Benchmark
    public StringBuilder defaultFormat() {
        line.setLength(0);
        SubstitutionFormatter.DEFAULT.format(info, request, response, null, line);
        return line;
    }

    @Benchmark
    public StringBuilder shortFormat() {
        line.setLength(0);
        SHORT.format(info, request, response, null, line);
        return line;
    }
}
