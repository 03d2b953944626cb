package dev.mishap.proxy.admin;

import dev.mishap.proxy.log.Logging;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** /logging: shows and changes the levels of the process's own log. */
public final class LoggingRoute {
    private static final String USAGE = "\nusage: /logging?<name>=<level> (change single level)\n"
            + "usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)\n"
            + "usage: /logging?level=<level> (change all levels)\n"
            + "usage: /logging?group=<group_name>:<level> (change group of loggers)\n"
            + "levels: trace debug info warning error critical off \n";

    private LoggingRoute() {}

    public static AdminRoute of() {
        return AdminRoute.needsPost(
                "/logging",
                "query/change logging levels",
                LoggingRoute::logging,
                "paths: Change multiple logging levels by setting to <logger_name1>:<desired_level1>,<logger_name2>:<desired_level2>. If"
                        + " fine grain logging is enabled, use __FILE__ or a glob experision as the logger name. For example,"
                        + " source/common*:warning",
                "group: Change given logger group to desired level, set to <logger_group_name>:<desired_level>."
                        + " logger_group_name must be a logger name.",
                "level: desired logging level, this will change all loggers's level; One of (, trace, debug, info, warning,"
                        + " error, critical, off)");
    }

    private static AdminResponse logging(AdminRequest request) {
        Map<String, String> query = request.query();
        if (query.size() > 1) {
            return error("error: invalid number of parameters");
        }
        for (Map.Entry<String, String> e : query.entrySet()) {
            if (e.getValue().isEmpty()
                    && (e.getKey().equals("level") || e.getKey().equals("paths"))) {
                continue; // as the empty choice of a form: nothing to change
            }
            if (e.getKey().equals("group")) {
                return error("error: group parameter requires fine-grain logging to be enabled");
            }
            if (e.getKey().equals("level")) {
                if (!Logging.isLevel(e.getValue())) {
                    return error("error: unknown logger level");
                }
                Logging.setAll(e.getValue());
                continue;
            }
            Map<String, String> changes = new LinkedHashMap<>();
            if (e.getKey().equals("paths")) {
                for (String pair : List.of(e.getValue().split(",", -1))) {
                    int colon = pair.indexOf(':');
                    if (colon <= 0) {
                        return error("error: empty logger name or empty logger level");
                    }
                    changes.put(pair.substring(0, colon), pair.substring(colon + 1));
                }
            } else {
                changes.put(e.getKey(), e.getValue());
            }
            for (Map.Entry<String, String> change : changes.entrySet()) {
                if (!Logging.isLevel(change.getValue())) {
                    return error("error: unknown logger level");
                }
                if (!Logging.isComponent(change.getKey())) {
                    return error("error: unknown logger name");
                }
            }
            changes.forEach(Logging::set);
        }
        return AdminResponse.text(list());
    }

    private static AdminResponse error(String what) {
        return AdminResponse.text(400, what + "\n" + USAGE + list());
    }

    private static String list() {
        StringBuilder out = new StringBuilder("active loggers:\n");
        Logging.levels().forEach((name, level) -> {
            // Ours; those who parse the list know Envoy's.
            if (!name.equals("mishap")) {
                out.append("  ").append(name).append(": ").append(level).append('\n');
            }
        });
        return out.append('\n').toString();
    }
}
