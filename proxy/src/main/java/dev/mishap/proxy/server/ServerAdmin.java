package dev.mishap.proxy.server;

import dev.mishap.proxy.admin.AdminRouter;
import dev.mishap.proxy.admin.AdminServer;
import dev.mishap.proxy.admin.ClustersRoute;
import dev.mishap.proxy.admin.ConfigDumpRoute;
import dev.mishap.proxy.admin.DynamicConfigs;
import dev.mishap.proxy.admin.LoggingRoute;
import dev.mishap.proxy.admin.ServerControl;
import dev.mishap.proxy.admin.ServerRoutes;
import dev.mishap.proxy.admin.StatsRoutes;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.listener.Listener;
import dev.mishap.proxy.log.Logging;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.log.AccessLogs;
import dev.mishap.proxy.observe.stats.StatsText;
import dev.mishap.proxy.rules.RulesApi;
import dev.mishap.proxy.rules.RulesRoute;
import dev.mishap.proxy.transport.CertificateInfo;
import dev.mishap.proxy.transport.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Puts the admin server of a process together. */
final class ServerAdmin implements ServerControl {
    private final Server server;

    private ServerAdmin(Server server) {
        this.server = server;
    }

    /** The access log that the admin configuration asks for; errors in it are found before anything starts. */
    static AccessLog accessLog(Server server) {
        Bootstrap.AdminConfig config = server.bootstrap().admin();
        if (config == null) {
            return AccessLog.NONE;
        }
        AccessLog listed = AccessLogs.from(config.accessLogs(), server.logFiles(), server.runtime());
        if (config.accessLogPath().isEmpty()) {
            return listed;
        }
        AccessLog file = AccessLogs.file(config.accessLogPath(), server.logFiles());
        return (info, request, response, trailers) -> {
            listed.log(info, request, response, trailers);
            file.log(info, request, response, trailers);
        };
    }

    /**
     * Binds the admin server, null when none is configured.
     *
     * @throws ConfigException when its address can't be had
     */
    static @Nullable AdminServer bind(
            Server server, StatsConfig statsConfig, Transport transport, AccessLog accessLog) {
        Bootstrap.AdminConfig config = server.bootstrap().admin();
        if (config == null || (config.host().isEmpty() && config.unixPath().isEmpty())) {
            return null;
        }
        AdminRouter router = router(server, statsConfig);
        try {
            boolean unix = !config.unixPath().isEmpty();
            if (unix) {
                removeStaleSocket(Path.of(config.unixPath()));
            }
            AdminServer admin = AdminServer.bind(
                    server.mainLoop(),
                    unix ? transport.unixServerChannel() : transport.serverChannel(),
                    unix
                            ? transport.unixAddress(config.unixPath())
                            : new InetSocketAddress(config.host(), config.port()),
                    router,
                    server.stats(),
                    accessLog);
            if (config.unixMode() != 0) {
                Files.setPosixFilePermissions(Path.of(config.unixPath()), permissions(config.unixMode()));
            }
            String path = server.options().adminAddressPath();
            if (!path.isEmpty()) {
                Files.writeString(Path.of(path), ServerRoutes.addressText(admin.address()));
            }
            return admin;
        } catch (IOException e) {
            throw new ConfigException(String.valueOf(e.getMessage()));
        }
    }

    /**
     * Removes a socket that an earlier process left behind.
     *
     * @throws IOException when something else is there, which binding would remove
     */
    private static void removeStaleSocket(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .isOther()) {
            throw new IOException("cannot bind '" + path + "': a file that is no socket is there");
        }
        Files.delete(path);
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        PosixFilePermission[] fromHighBit = PosixFilePermission.values();
        Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
        for (int i = 0; i < fromHighBit.length; i++) {
            if ((mode >> (fromHighBit.length - 1 - i) & 1) == 1) {
                set.add(fromHighBit[i]);
            }
        }
        return set;
    }

    static AdminRouter router(Server server, StatsConfig statsConfig) {
        AdminRouter router = new AdminRouter();
        StatsText text = new StatsText(server.stats(), statsConfig.tags(), statsConfig.bounds());
        Bootstrap bootstrap = server.bootstrap();
        router.addAll(StatsRoutes.of(server.stats(), text, bootstrap.statsFlushNanos() == 0));
        router.addAll(ServerRoutes.of(
                new ServerAdmin(server),
                server.runtime(),
                server.logFiles(),
                Logging::reopen,
                () -> ServerInfo.of(server.options(), bootstrap.node(), server.startNanos()),
                () -> {
                    CertificateInfo known = server.certificates();
                    return known == null ? List.of() : known.certificates();
                },
                ServerStats::physicalBytes));
        router.add(ClustersRoute.of(server.clusters()));
        router.add(ConfigDumpRoute.of(
                bootstrap.config(),
                ServerInfo.node(bootstrap.node()),
                server.clusters(),
                server.dynamicConfigs(),
                () -> RulesRoute.configDump(server.rules())));
        router.add(LoggingRoute.of());
        router.add(RulesRoute.of(new RulesApi(server.rules(), System.getenv("MISHAP_API_TOKEN"))));
        return router;
    }

    @Override
    public State state() {
        return State.valueOf(server.state().name());
    }

    @Override
    public List<ListenerView> listeners() {
        List<ListenerView> views = new ArrayList<>();
        for (Listener l : server.listeners()) {
            if (l.isListening()) {
                views.add(new ListenerView(l.config().name(), l.address(), l.additionalAddresses()));
            }
        }
        return views;
    }

    @Override
    public DynamicConfigs dynamicConfigs() {
        return server.dynamicConfigs();
    }

    @Override
    public void failHealthChecks(boolean fail) {
        server.drain().failHealthChecks(fail);
    }

    @Override
    public void drainListeners(boolean graceful, boolean skipExit, boolean inboundOnly) {
        server.drainListeners(graceful, skipExit, inboundOnly);
    }

    @Override
    public void quit() {
        server.shutdown();
    }
}
