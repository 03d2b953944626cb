package dev.mishap.control.xds;

import io.envoyproxy.envoy.config.endpoint.v3.ClusterStats;
import io.envoyproxy.envoy.config.endpoint.v3.UpstreamLocalityStats;
import io.envoyproxy.envoy.service.load_stats.v3.LoadReportingServiceGrpc;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsRequest;
import io.envoyproxy.envoy.service.load_stats.v3.LoadStatsResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Load reports (LRS): asks every node for all of its clusters, and keeps the last of each while the node is connected. */
public final class LoadReports {
    /** Clusters kept of one node, localities of one cluster. */
    private static final int MAX_CLUSTERS = 2000;

    private static final int MAX_LOCALITIES = 100;

    private final Duration interval;
    private final Clock clock;
    private final Map<Object, Map<String, LoadReport>> byStream = new ConcurrentHashMap<>();

    LoadReports(Duration interval, Clock clock) {
        this.interval = interval;
        this.clock = clock;
    }

    /** The last report of each cluster of each node that reports. */
    public Collection<LoadReport> all() {
        List<LoadReport> all = new ArrayList<>();
        byStream.values().forEach(clusters -> all.addAll(clusters.values()));
        return all;
    }

    /** Those of a node. */
    public Collection<LoadReport> of(String node) {
        return all().stream().filter(report -> report.node().equals(node)).toList();
    }

    LoadReportingServiceGrpc.LoadReportingServiceImplBase service() {
        return new LoadReportingServiceGrpc.LoadReportingServiceImplBase() {
            @Override
            public StreamObserver<LoadStatsRequest> streamLoadStats(StreamObserver<LoadStatsResponse> answer) {
                return new Stream(answer);
            }
        };
    }

    private final class Stream implements StreamObserver<LoadStatsRequest> {
        private final StreamObserver<LoadStatsResponse> answer;
        private @Nullable String node;

        Stream(StreamObserver<LoadStatsResponse> answer) {
            this.answer = answer;
        }

        @Override
        public void onNext(LoadStatsRequest request) {
            String known = node;
            if (known == null) {
                known = request.getNode().getId();
                node = known;
                byStream.put(this, new ConcurrentHashMap<>());
                answer.onNext(LoadStatsResponse.newBuilder()
                        .setSendAllClusters(true)
                        .setLoadReportingInterval(com.google.protobuf.Duration.newBuilder()
                                .setSeconds(interval.getSeconds())
                                .setNanos(interval.getNano()))
                        .build());
            }
            Map<String, LoadReport> reports = byStream.get(this);
            if (reports == null) {
                return;
            }
            Instant now = clock.instant();
            for (ClusterStats stats : request.getClusterStatsList()) {
                if (reports.size() >= MAX_CLUSTERS && !reports.containsKey(stats.getClusterName())) {
                    end();
                    answer.onError(Status.RESOURCE_EXHAUSTED
                            .withDescription("more than " + MAX_CLUSTERS + " clusters")
                            .asRuntimeException());
                    return;
                }
                reports.put(stats.getClusterName(), report(known, stats, now));
            }
        }

        @Override
        public void onError(Throwable t) {
            end();
        }

        @Override
        public void onCompleted() {
            end();
            answer.onCompleted();
        }

        private void end() {
            byStream.remove(this);
        }
    }

    private static LoadReport report(String node, ClusterStats stats, Instant now) {
        Map<String, Long> dropped = new HashMap<>();
        stats.getDroppedRequestsList().stream()
                .limit(MAX_LOCALITIES)
                .forEach(d -> dropped.merge(d.getCategory(), d.getDroppedCount(), Long::sum));
        List<LoadReport.Locality> localities = new ArrayList<>();
        for (UpstreamLocalityStats each : stats.getUpstreamLocalityStatsList()) {
            if (localities.size() < MAX_LOCALITIES) {
                localities.add(new LoadReport.Locality(
                        each.getLocality().getRegion(),
                        each.getLocality().getZone(),
                        each.getLocality().getSubZone(),
                        each.getPriority(),
                        each.getTotalSuccessfulRequests(),
                        each.getTotalErrorRequests(),
                        each.getTotalIssuedRequests(),
                        each.getTotalRequestsInProgress()));
            }
        }
        return new LoadReport(
                node,
                stats.getClusterName(),
                stats.getClusterServiceName(),
                now,
                Duration.ofSeconds(
                        stats.getLoadReportInterval().getSeconds(),
                        stats.getLoadReportInterval().getNanos()),
                stats.getTotalDroppedRequests(),
                dropped,
                localities);
    }
}
