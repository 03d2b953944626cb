package dev.mishap.proxy.server;

import dev.mishap.proxy.cluster.ClusterManager;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.observe.als.GrpcAccessLogs;
import dev.mishap.proxy.observe.als.OtlpAccessLogs;
import dev.mishap.proxy.observe.log.RemoteLogs;
import dev.mishap.proxy.observe.sink.StatsSink;
import dev.mishap.proxy.observe.sink.StatsSinks;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.observe.trace.TracingConfig;
import dev.mishap.proxy.observe.trace.TracingDefaults;
import dev.mishap.proxy.runtime.RuntimeLoader;
import dev.mishap.proxy.upstream.Upstreams;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.AsyncHttpClient;
import dev.mishap.proxy.xds.grpc.GrpcTransport;
import dev.mishap.proxy.xds.grpc.LoopTimers;
import dev.mishap.proxy.xds.lrs.LoadReporter;
import dev.mishap.proxy.xds.lrs.LoadStatsConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the server tells others of itself, as its bootstrap has it: traces, logs, loads and stats. */
record Telemetry(
        Bootstrap bootstrap,
        StatsStore stats,
        EventLoops loops,
        ClusterManager clusters,
        AsyncHttpClient http,
        AsyncGrpcClient grpc) {

    /** Where loads are reported to; null when they are not. */
    @Nullable
    LoadReporter loadReporter() {
        ConfigNode manager = bootstrap.config().message("cluster_manager");
        ConfigNode api = manager == null ? null : manager.message("load_stats_config");
        if (api == null) {
            return null;
        }
        LoadStatsConfig config = LoadStatsConfig.from(api, name -> clusters.get(name) != null);
        return new LoadReporter(
                new GrpcTransport(grpc, config.service(), loops.main()),
                new LoopTimers(loops.main()),
                clusters::all,
                out -> NodeIdentity.write(bootstrap.node(), out),
                stats);
    }

    RemoteLogs remoteLogs() {
        Bootstrap.Node node = bootstrap.node();
        return RemoteLogs.of(
                new GrpcAccessLogs(grpc, stats, loops.all(), out -> NodeIdentity.write(node, out)),
                new OtlpAccessLogs(
                        grpc, stats, loops.all(), new OtlpAccessLogs.Node(node.zone(), node.cluster(), node.id())));
    }

    TracingDefaults tracing(RuntimeLoader runtime) {
        ConfigNode byDefault = bootstrap.config().message("tracing");
        return new TracingDefaults(
                byDefault == null ? null : byDefault.message("http"),
                new TracingConfig.Environment(
                        bootstrap.node().id(),
                        bootstrap.node().cluster(),
                        bootstrap.node().zone(),
                        stats,
                        runtime,
                        clusters,
                        http,
                        grpc,
                        Version.line()));
    }

    List<StatsSink> sinks(StatsConfig config, Upstreams upstreams) {
        return StatsSinks.from(
                bootstrap.config().messages("stats_sinks"),
                new StatsSinks.Environment(
                        loops.main(),
                        stats,
                        config.tags(),
                        config.bounds(),
                        clusters,
                        upstreams,
                        grpc,
                        out -> NodeIdentity.write(bootstrap.node(), out)));
    }
}
