package dev.mishap.proxy.admin;

import dev.mishap.proxy.json.JsonWriter;
import dev.mishap.proxy.observe.log.LogFiles;
import dev.mishap.proxy.runtime.RuntimeLoader;
import io.netty.util.NetUtil;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.MemoryUsage;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** State of the process: readiness, draining, runtime, memory, and the commands that change it. */
public final class ServerRoutes {
    private static final Logger LOG = LoggerFactory.getLogger("admin");
    private static final String NOT_IN_A_JVM =
            " is not available: the process is a JVM; use jcmd, jmap or a JFR recording\n";

    private ServerRoutes() {}

    /**
     * The routes.
     *
     * @param info what /server_info shows but for state and uptime
     * @param certificates what /certs shows
     * @param physicalMemory resident bytes of the process
     */
    public static List<AdminRoute> of(
            ServerControl server,
            RuntimeLoader runtime,
            LogFiles logs,
            Runnable reopenServerLog,
            Supplier<Map<String, @Nullable Object>> info,
            Supplier<List<Object>> certificates,
            LongSupplier physicalMemory) {
        List<AdminRoute> routes = new ArrayList<>();
        routes.add(AdminRoute.reads(
                "/ready", "print server state, return 200 if LIVE, otherwise return 503", r -> ready(server)));
        routes.add(AdminRoute.reads("/server_info", "print server version/status information", r -> {
            Map<String, @Nullable Object> shown = new LinkedHashMap<>();
            shown.put("version", null);
            shown.put("state", server.state().name());
            shown.putAll(info.get());
            return AdminResponse.json(JsonWriter.pretty(shown) + "\n");
        }));
        routes.add(AdminRoute.reads(
                "/listeners",
                "print listener info",
                r -> listeners(server, "json".equals(r.parameter("format"))),
                "format: File format to use; One of (text, json)"));
        routes.add(AdminRoute.needsPost("/healthcheck/fail", "cause the server to fail health checks", r -> {
            server.failHealthChecks(true);
            return AdminResponse.ok();
        }));
        routes.add(AdminRoute.needsPost("/healthcheck/ok", "cause the server to pass health checks", r -> {
            server.failHealthChecks(false);
            return AdminResponse.ok();
        }));
        routes.add(AdminRoute.needsPost(
                "/drain_listeners",
                "drain listeners",
                r -> {
                    boolean graceful = r.query().containsKey("graceful");
                    boolean skipExit = r.query().containsKey("skip_exit");
                    if (skipExit && !graceful) {
                        return AdminResponse.text(400, "skip_exit requires graceful\n");
                    }
                    server.drainListeners(graceful, skipExit, r.query().containsKey("inboundonly"));
                    return AdminResponse.ok();
                },
                "graceful: When draining listeners, enter a graceful drain period prior to closing listeners. This behaviour and"
                        + " duration is configurable via server options or CLI",
                "skip_exit: When draining listeners, drain the connections but never stop the listeners. The graceful"
                        + " parameter has no effect when this is set, since the drain period only delays stopping the"
                        + " listeners",
                "inboundonly: Drains all inbound listeners. traffic_direction field in"
                        + " envoy_v3_api_msg_config.listener.v3.Listener is used to determine whether a listener is inbound"
                        + " or outbound."));
        routes.add(AdminRoute.needsPost("/quitquitquit", "exit the server", r -> {
            server.quit();
            return AdminResponse.ok();
        }));
        routes.add(AdminRoute.needsPost("/reopen_logs", "reopen access logs", r -> {
            logs.reopen();
            reopenServerLog.run();
            return AdminResponse.ok();
        }));
        routes.add(AdminRoute.reads("/memory", "print current allocation/heap usage", r -> memory(physicalMemory)));
        routes.add(AdminRoute.reads(
                "/certs",
                "print certs on machine",
                r -> AdminResponse.json(JsonWriter.pretty(Map.of("certificates", certificates.get())) + "\n")));
        routes.add(AdminRoute.reads(
                "/init_dump",
                "dump current Envoy init manager information (experimental)",
                r -> AdminResponse.json(initDump(server)),
                "mask: The desired component to dump unready targets. The mask is parsed as a Protobuf::FieldMask. For"
                        + " example, get the unready targets of all listeners with /init_dump?mask=listener`"));
        routes.add(AdminRoute.reads(
                "/hot_restart_version",
                "print the hot restart compatibility version",
                r -> AdminResponse.text("disabled")));
        routes.add(AdminRoute.reads(
                "/runtime", "print runtime values", r -> AdminResponse.json(JsonWriter.pretty(runtime.dump()) + "\n")));
        routes.add(AdminRoute.needsPost(
                "/runtime_modify",
                "Adds or modifies runtime values as passed in query parameters. To delete a previously added key, use an"
                        + " empty string as the value. Note that deletion only applies to overrides added via this endpoint;"
                        + " values loaded from disk can be modified via override but not deleted. E.g."
                        + " ?key1=value1&key2=value2...",
                r -> runtimeModify(runtime, r)));
        routes.add(AdminRoute.reads(
                "/contention",
                "dump current Envoy mutex contention stats (if enabled)",
                r -> AdminResponse.text("Mutex contention tracing is not enabled. To enable, run Envoy with flag"
                        + " --enable-mutex-tracing.")));
        addProfilers(routes);
        return routes;
    }

    /** What Envoy's build has, and a JVM has by other means. */
    private static void addProfilers(List<AdminRoute> routes) {
        routes.add(AdminRoute.needsPost(
                "/cpuprofiler",
                "enable/disable the CPU profiler",
                r -> enable(r) == null
                        ? AdminResponse.text(400, "?enable=<y|n>\n")
                        : "y".equals(enable(r))
                                ? AdminResponse.text(500, "failure to start the profiler")
                                : AdminResponse.ok(),
                "enable: enables the CPU profiler; One of (y, n)"));
        routes.add(AdminRoute.needsPost(
                "/heapprofiler",
                "enable/disable the heap profiler",
                r -> AdminResponse.text(501, "The current build does not support heap profiler"),
                "enable: enable/disable the heap profiler; One of (y, n)"));
        routes.add(AdminRoute.needsPost(
                "/allocprofiler",
                "enable/disable the allocation profiler (if supported)",
                r -> unavailable("/allocprofiler"),
                "enable: enable/disable the allocation profiler; One of (y, n)"));
        routes.add(AdminRoute.reads(
                "/heap_dump", "dump current Envoy heap (if supported)", r -> unavailable("/heap_dump")));
        routes.add(AdminRoute.reads(
                "/peak_heap_dump", "dump peak Envoy heap (if supported)", r -> unavailable("/peak_heap_dump")));
        routes.add(AdminRoute.reads("/memory/tcmalloc", "print TCMalloc stats", r -> unavailable("/memory/tcmalloc")));
    }

    private static @Nullable String enable(AdminRequest request) {
        String value = request.parameter("enable");
        return "y".equals(value) || "n".equals(value) ? value : null;
    }

    private static String initDump(ServerControl server) {
        List<Object> all = new ArrayList<>();
        for (DynamicConfigs.Unready u : server.dynamicConfigs().unready()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("name", u.name());
            one.put("target_names", u.targets());
            all.add(one);
        }
        return JsonWriter.pretty(all.isEmpty() ? Map.of() : Map.of("unready_targets_dumps", all)) + "\n";
    }

    private static AdminResponse unavailable(String path) {
        return AdminResponse.text(501, path + NOT_IN_A_JVM);
    }

    private static AdminResponse ready(ServerControl server) {
        ServerControl.State state = server.state();
        return AdminResponse.text(state == ServerControl.State.LIVE ? 200 : 503, state + "\n");
    }

    private static AdminResponse listeners(ServerControl server, boolean json) {
        if (!json) {
            StringBuilder out = new StringBuilder();
            for (ServerControl.ListenerView l : server.listeners()) {
                out.append(l.name())
                        .append("::")
                        .append(AddressText.of(l.address()))
                        .append('\n');
                for (SocketAddress more : l.additional()) {
                    out.append(l.name())
                            .append("::")
                            .append(AddressText.of(more))
                            .append('\n');
                }
            }
            return AdminResponse.text(out.toString());
        }
        List<Object> all = new ArrayList<>();
        for (ServerControl.ListenerView l : server.listeners()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("name", l.name());
            one.put("local_address", AddressText.json(l.address()));
            if (!l.additional().isEmpty()) {
                one.put(
                        "additional_local_addresses",
                        l.additional().stream().map(AddressText::json).toList());
            }
            all.add(one);
        }
        return AdminResponse.json(
                JsonWriter.pretty(all.isEmpty() ? Map.of() : Map.of("listener_statuses", all)) + "\n");
    }

    private static AdminResponse memory(LongSupplier physicalMemory) {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        MemoryUsage heap = memory.getHeapMemoryUsage();
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put(
                "allocated",
                Long.toString(heap.getUsed() + memory.getNonHeapMemoryUsage().getUsed()));
        shown.put("heap_size", Long.toString(heap.getCommitted()));
        shown.put("pageheap_unmapped", "0");
        shown.put("pageheap_free", Long.toString(heap.getCommitted() - heap.getUsed()));
        shown.put("total_thread_cache", "0");
        shown.put("total_physical_bytes", Long.toString(physicalMemory.getAsLong()));
        return AdminResponse.json(JsonWriter.pretty(shown) + "\n");
    }

    private static AdminResponse runtimeModify(RuntimeLoader runtime, AdminRequest request) {
        Map<String, String> changes = new LinkedHashMap<>(request.query());
        String type = request.header("content-type");
        if (type != null && type.startsWith("application/x-www-form-urlencoded")) {
            changes.putAll(new QueryString(new String(request.body(), StandardCharsets.UTF_8)).parameters);
        }
        if (changes.isEmpty()) {
            return AdminResponse.text(
                    400,
                    "usage: /runtime_modify?key1=value1&key2=value2&keyN=valueN\n"
                            + "       or send the parameters as form values\n"
                            + "use an empty value to remove a previously added override");
        }
        if (!runtime.hasAdminLayer()) {
            LOG.error("No admin layer specified");
            return AdminResponse.text(503, "No admin layer specified");
        }
        runtime.modify(changes);
        return AdminResponse.ok();
    }

    /** {@code 127.0.0.1:9901} or {@code [::1]:9901}. */
    public static String addressText(SocketAddress address) {
        return AddressText.of(address);
    }

    /** Text and JSON of socket addresses. */
    static final class AddressText {
        private AddressText() {}

        static String of(Object address) {
            if (!(address instanceof InetSocketAddress inet)) {
                return String.valueOf(address);
            }
            String host = host(inet);
            return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + inet.getPort();
        }

        static Map<String, Object> json(Object address) {
            if (!(address instanceof InetSocketAddress inet)) {
                return Map.of("pipe", Map.of("path", String.valueOf(address)));
            }
            Map<String, Object> socket = new LinkedHashMap<>();
            socket.put("address", host(inet));
            socket.put("port_value", (long) inet.getPort());
            return Map.of("socket_address", socket);
        }

        private static String host(InetSocketAddress inet) {
            return inet.getAddress() == null
                    ? inet.getHostString()
                    : NetUtil.toAddressString(inet.getAddress()); // ::1, not 0:0:0:0:0:0:0:1
        }
    }
}
