package dev.mishap.proxy.server;

import dev.mishap.proxy.admin.AdminRoute;
import java.util.Map;

/** The table of the admin server's endpoints for docs/envoy-compatibility.md. */
public final class AdminTable {
    private AdminTable() {}

    public static String markdown() {
        Options.LogOptions log = new Options.LogOptions("info", Map.of(), Options.LogOptions.DEFAULT_FORMAT, false, "");
        Options options = new Options(
                "",
                "{}",
                false,
                false,
                false,
                "",
                "",
                "",
                1,
                true,
                600,
                false,
                10_000,
                64,
                Map.of(),
                "",
                0,
                0,
                "v4",
                900,
                log,
                false,
                SafetyOptions.DEFAULT);
        Server server = new Server(options, BootstrapLoader.load(options));
        try {
            StringBuilder s = new StringBuilder("| endpoint | method | |\n|---|---|---|\n");
            for (AdminRoute route :
                    ServerAdmin.router(server, StatsConfig.from(null, Map.of())).routes()) {
                String method = switch (route.access()) {
                    case READS -> "any";
                    case NEEDS_POST -> "POST";
                    case OWN -> "as [documented](rules-api.md)";
                };
                s.append("| `")
                        .append(route.path())
                        .append(route.prefix() ? "…` | " : "` | ")
                        .append(method)
                        .append(" | ")
                        .append(route.help())
                        .append(" |\n");
            }
            return s.toString();
        } finally {
            server.close();
        }
    }
}
