package dev.mishap.proxy.admin;

import java.util.List;

/**
 * An endpoint of the admin server.
 *
 * @param path its path, or what its paths begin with if {@code prefix}
 * @param access which methods it takes
 * @param help one line for /help
 * @param parameters {@code name: what it does} for /help
 * @param offLoop its handler may take long (it reads documents that people wrote) and so runs on a thread of its own
 */
public record AdminRoute(
        String path,
        boolean prefix,
        Access access,
        String help,
        List<String> parameters,
        boolean offLoop,
        Handler handler) {
    /** Which methods a route takes. */
    public enum Access {
        /** Reads; any method will do, as in Envoy. */
        READS,
        /** Changes something and therefore needs POST. */
        NEEDS_POST,
        /** The handler looks at the method itself. */
        OWN
    }

    /** Answers a request. Runs on the admin server's loop and must not block for long, unless the route is off the loop. */
    @FunctionalInterface
    public interface Handler {
        AdminResponse handle(AdminRequest request);
    }

    public AdminRoute {
        parameters = List.copyOf(parameters);
    }

    static AdminRoute reads(String path, String help, Handler handler, String... parameters) {
        return new AdminRoute(path, false, Access.READS, help, List.of(parameters), false, handler);
    }

    static AdminRoute needsPost(String path, String help, Handler handler, String... parameters) {
        return new AdminRoute(path, false, Access.NEEDS_POST, help, List.of(parameters), false, handler);
    }

    /** All paths that begin with {@code path}, handled off the loop; the handler looks at the method itself. */
    public static AdminRoute under(String path, String help, Handler handler) {
        return new AdminRoute(path, true, Access.OWN, help, List.of(), true, handler);
    }
}
