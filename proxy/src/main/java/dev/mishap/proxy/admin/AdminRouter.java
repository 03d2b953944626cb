package dev.mishap.proxy.admin;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The registry of the admin server's routes. Routes are added before the server is bound. */
public final class AdminRouter {
    private static final Logger LOG = LoggerFactory.getLogger("admin");

    private final List<AdminRoute> routes = new ArrayList<>();

    public AdminRouter() {
        add(AdminRoute.reads("/", "Admin home page", r -> home()));
        add(AdminRoute.reads("/help", "print out list of admin commands", r -> AdminResponse.text(help())));
    }

    /** All routes, by path. */
    public List<AdminRoute> routes() {
        return List.copyOf(routes);
    }

    public void add(AdminRoute route) {
        routes.add(route);
        routes.sort((a, b) -> a.path().compareTo(b.path()));
    }

    public void addAll(List<AdminRoute> more) {
        more.forEach(this::add);
    }

    /** Whether the request's handler is to run off the loop. */
    boolean isOffLoop(AdminRequest request) {
        AdminRoute route = route(request);
        return route != null && route.offLoop();
    }

    AdminResponse handle(AdminRequest request) {
        AdminRoute route = route(request);
        return route == null ? AdminResponse.text(404, "invalid path. " + help()) : handle(route, request);
    }

    private @Nullable AdminRoute route(AdminRequest request) {
        for (AdminRoute route : routes) {
            if (route.prefix()
                    ? request.path().startsWith(route.path())
                    : request.path().equals(route.path())) {
                return route;
            }
        }
        return null;
    }

    private static AdminResponse handle(AdminRoute route, AdminRequest request) {
        if (route.access() == AdminRoute.Access.NEEDS_POST && !request.method().equals("POST")) {
            LOG.error("admin path \"{}\" mutates state, method={} rather than POST", route.path(), request.method());
            return AdminResponse.text(405, "Method " + request.method() + " not allowed, POST required.");
        }
        try {
            return route.handler().handle(request);
        } catch (RuntimeException bug) {
            LOG.error("{} {} failed", request.method(), request.path(), bug);
            return AdminResponse.text(500, "internal error\n");
        }
    }

    private String help() {
        StringBuilder out = new StringBuilder("admin commands are:\n");
        for (AdminRoute route : routes) {
            out.append("  ").append(route.path());
            out.append(route.access() == AdminRoute.Access.NEEDS_POST ? " (POST): " : ": ");
            out.append(route.help()).append('\n');
            for (String parameter : route.parameters()) {
                out.append("      ").append(parameter).append('\n');
            }
        }
        return out.toString();
    }

    private AdminResponse home() {
        StringBuilder out =
                new StringBuilder("<!DOCTYPE html>\n<html lang='en'>\n<head>\n<title>Mishap Admin</title>\n</head>\n"
                        + "<body>\n<table>\n<tr><th>Command</th><th>Description</th></tr>\n");
        for (AdminRoute route : routes) {
            String path = escape(route.path());
            out.append("<tr><td>");
            if (route.access() == AdminRoute.Access.READS) {
                out.append("<a href='")
                        .append(path.substring(1))
                        .append("'>")
                        .append(path)
                        .append("</a>");
            } else if (route.access() == AdminRoute.Access.NEEDS_POST) {
                out.append("<form action='").append(path.substring(1)).append("' method='post'><button>");
                out.append(path).append("</button></form>");
            } else {
                out.append(path);
            }
            out.append("</td><td>").append(escape(route.help())).append("</td></tr>\n");
        }
        out.append("</table>\n</body>\n</html>\n");
        return AdminResponse.of(200, "text/html; charset=UTF-8", out.toString());
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("'", "&#39;");
    }
}
