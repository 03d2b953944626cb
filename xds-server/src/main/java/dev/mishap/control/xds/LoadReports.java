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

/**
 * Load reports (LRS): asks every node for all of its clusters, and keeps the last of each while the node is connected. Whose reports they
 * are is checked as for discovery: a peer tells nothing of nodes that it may not speak for.
 */
public final class LoadReports {
    /** Clusters kept of one node, localities of one cluster. */
    private static final int MAX_CLUSTERS = 2000;

    private static final int MAX_LOCALITIES = 100;

    /** Longer names are cut: what is kept of a node must not depend on how it calls things. */
    private static final int MAX_NAME = 512;

    private final Duration interval;
    private final Clock clock;
    private final ViewProvider views;
    private final XdsService service;
    private final Duration deadline;
    private final Map<Object, Map<String, LoadReport>> byStream = new ConcurrentHashMap<>();

    /** @param deadline how long a stream may be open without a first message */
    LoadReports(Duration interval, Clock clock, ViewProvider views, XdsService service, Duration deadline) {
        this.interval = interval;
        this.clock = clock;
        this.views = views;
        this.service = service;
        this.deadline = deadline;
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
                Stream stream = new Stream(answer, PeerCalls.peer());
                service.after(deadline, stream::expectNode);
                return stream;
            }
        };
    }

    private final class Stream implements StreamObserver<LoadStatsRequest> {
        private final StreamObserver<LoadStatsResponse> answer;
        private final Peer peer;
        private @Nullable String node;
        private boolean over;

        Stream(StreamObserver<LoadStatsResponse> answer, Peer peer) {
            this.answer = answer;
            this.peer = peer;
        }

        private synchronized void expectNode() {
            if (node == null) {
                refuse(Status.DEADLINE_EXCEEDED.withDescription("no report within " + deadline));
            }
        }

        private void refuse(Status status) {
            if (!over) {
                end();
                answer.onError(status.asRuntimeException());
            }
        }

        @Override
        public synchronized void onNext(LoadStatsRequest request) {
            if (over) {
                return;
            }
            String known = node;
            if (known == null) {
                NodeInfo info;
                try {
                    info = service.nodes().read(request.getNode().toByteString());
                } catch (IllegalArgumentException e) {
                    refuse(Status.INVALID_ARGUMENT.withDescription(e.getMessage()));
                    return;
                }
                String refusal = views.refusal(info, peer);
                if (refusal != null) {
                    refuse(Status.PERMISSION_DENIED.withDescription(refusal));
                    return;
                }
                known = info.id();
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
                String cluster = cut(stats.getClusterName());
                if (reports.size() >= MAX_CLUSTERS && !reports.containsKey(cluster)) {
                    refuse(Status.RESOURCE_EXHAUSTED.withDescription("more than " + MAX_CLUSTERS + " clusters"));
                    return;
                }
                reports.put(cluster, report(known, cluster, stats, now));
            }
        }

        @Override
        public synchronized void onError(Throwable t) {
            end();
        }

        @Override
        public synchronized void onCompleted() {
            if (!over) {
                end();
                answer.onCompleted();
            }
        }

        private void end() {
            over = true;
            byStream.remove(this);
        }
    }

    private static String cut(String name) {
        return name.length() <= MAX_NAME ? name : name.substring(0, MAX_NAME);
    }

    private static LoadReport report(String node, String cluster, ClusterStats stats, Instant now) {
        Map<String, Long> dropped = new HashMap<>();
        stats.getDroppedRequestsList().stream()
                .limit(MAX_LOCALITIES)
                .forEach(d -> dropped.merge(cut(d.getCategory()), d.getDroppedCount(), Long::sum));
        List<LoadReport.Locality> localities = new ArrayList<>();
        for (UpstreamLocalityStats each : stats.getUpstreamLocalityStatsList()) {
            if (localities.size() < MAX_LOCALITIES) {
                localities.add(new LoadReport.Locality(
                        cut(each.getLocality().getRegion()),
                        cut(each.getLocality().getZone()),
                        cut(each.getLocality().getSubZone()),
                        each.getPriority(),
                        each.getTotalSuccessfulRequests(),
                        each.getTotalErrorRequests(),
                        each.getTotalIssuedRequests(),
                        each.getTotalRequestsInProgress()));
            }
        }
        return new LoadReport(
                node,
                cluster,
                cut(stats.getClusterServiceName()),
                now,
                Duration.ofSeconds(
                        stats.getLoadReportInterval().getSeconds(),
                        stats.getLoadReportInterval().getNanos()),
                stats.getTotalDroppedRequests(),
                dropped,
                localities);
    }
}
