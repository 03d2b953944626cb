package dev.mishap.control.http;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** Requests by operation and status, for the metrics. Both are few: what a client makes up is counted as one. */
public final class RequestCounts {
    private static final double[] BOUNDS = {0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10};

    private record Key(String operation, int status) {}

    private static final class Durations {
        private final LongAdder[] buckets = new LongAdder[BOUNDS.length + 1];
        private final LongAdder nanos = new LongAdder();

        private Durations() {
            for (int i = 0; i < buckets.length; i++) {
                buckets[i] = new LongAdder();
            }
        }
    }

    private final Map<Key, LongAdder> counts = new ConcurrentHashMap<>();
    private final Map<String, Durations> durations = new ConcurrentHashMap<>();

    void add(String operation, int status, long nanos) {
        counts.computeIfAbsent(new Key(operation, status), key -> new LongAdder())
                .increment();
        Durations of = durations.computeIfAbsent(operation, name -> new Durations());
        int bucket = 0;
        while (bucket < BOUNDS.length && nanos > BOUNDS[bucket] * 1e9) {
            bucket++;
        }
        of.buckets[bucket].increment();
        of.nanos.add(nanos);
    }

    /** In Prometheus' text format. */
    public void write(StringBuilder out) {
        out.append("# HELP mishap_api_requests_total Requests answered, by operation and status.\n")
                .append("# TYPE mishap_api_requests_total counter\n");
        Map<String, Long> sorted = new TreeMap<>();
        counts.forEach((key, count) ->
                sorted.put("operation=\"" + key.operation + "\",code=\"" + key.status + '"', count.sum()));
        sorted.forEach((labels, count) -> out.append("mishap_api_requests_total{")
                .append(labels)
                .append("} ")
                .append(count)
                .append('\n'));
        out.append("# HELP mishap_api_request_duration_seconds Time from a request's head to the end of its answer.\n")
                .append("# TYPE mishap_api_request_duration_seconds histogram\n");
        new TreeMap<>(durations).forEach((operation, of) -> {
            long total = 0;
            for (int i = 0; i < of.buckets.length; i++) {
                total += of.buckets[i].sum();
                out.append("mishap_api_request_duration_seconds_bucket{operation=\"")
                        .append(operation)
                        .append("\",le=\"")
                        .append(i == BOUNDS.length ? "+Inf" : String.valueOf(BOUNDS[i]))
                        .append("\"} ")
                        .append(total)
                        .append('\n');
            }
            out.append("mishap_api_request_duration_seconds_sum{operation=\"")
                    .append(operation)
                    .append("\"} ")
                    .append(of.nanos.sum() / 1e9)
                    .append("\nmishap_api_request_duration_seconds_count{operation=\"")
                    .append(operation)
                    .append("\"} ")
                    .append(total)
                    .append('\n');
        });
    }
}
