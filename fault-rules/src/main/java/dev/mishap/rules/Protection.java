package dev.mishap.rules;

import dev.mishap.rules.match.StringMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What no rule touches unless it names it: health checks, metrics, and what whoever runs the data plane adds.
 *
 * <ul>
 *   <li>A request is protected by its path (without the query), by its user agent, by the port that its connection was meant
 *       for, or because the data plane answers it itself as a health check. A rule names it by an {@code exact} path.
 *   <li>A connection is protected by its destination port or its server name. A rule names it by {@code destination.ports}, or
 *       by an {@code exact} {@code sni}; one of the proxy's own connections has the endpoint's port, which a rule names by
 *       {@code endpoints.ports}.
 *   <li>A DNS question is protected by its name. A rule names it by an {@code exact} {@code question.name}.
 * </ul>
 *
 * <p>What is held back so is counted as {@link Suppression#PROTECTED}, after the draw and before every limit.
 *
 * @param paths a path, or what paths begin with when it ends with {@code *}
 * @param agents what the {@code user-agent} of protected requests begins with
 * @param ports destination ports, 1 to 65535
 * @param names server names and DNS names in lower case; one that begins with a dot is a suffix
 */
public record Protection(List<String> paths, List<String> agents, List<Integer> ports, List<String> names) {
    /** Nothing is protected. */
    public static final Protection NONE = new Protection(List.of(), List.of(), List.of(), List.of());

    /** Health checks by their usual paths, of Kubernetes and of gRPC, and metrics. */
    public static final Protection DEFAULT = new Protection(
            List.of(
                    "/healthz",
                    "/livez",
                    "/readyz",
                    "/health",
                    "/metrics",
                    "/stats/prometheus",
                    "/grpc.health.v1.Health/*"),
            List.of("kube-probe/"),
            List.of(),
            List.of());

    private static final int MAX_ENTRIES = 1000;
    private static final int MAX_LENGTH = 1024;

    public Protection {
        paths = List.copyOf(paths);
        agents = List.copyOf(agents);
        ports = List.copyOf(ports);
        names = names.stream().map(name -> name.toLowerCase(Locale.ROOT)).toList();
        if (paths.size() + agents.size() + ports.size() + names.size() > MAX_ENTRIES) {
            throw new IllegalArgumentException("at most " + MAX_ENTRIES + " things can be protected");
        }
        for (String path : paths) {
            if (!path.startsWith("/") || path.indexOf('*') >= 0 && path.indexOf('*') < path.length() - 1) {
                throw new IllegalArgumentException(
                        "expected a path such as /ready, or /internal/* for all below it, got '" + path + "'");
            }
        }
        for (int port : ports) {
            if (port < 1 || port > 65535) {
                throw new IllegalArgumentException("expected a port from 1 to 65535, got " + port);
            }
        }
    }

    /**
     * Reads entries with commas between: {@code path=/ready}, {@code path=/internal/*}, {@code agent=ELB-HealthChecker/},
     * {@code port=15021}, {@code name=db.internal}, {@code name=.svc.cluster.local}. They add to {@link #DEFAULT}; {@code none},
     * as the first one, leaves the defaults out.
     *
     * @throws IllegalArgumentException naming the entry that is wrong
     */
    public static Protection parse(String text) {
        Protection base = DEFAULT;
        List<String> paths = new ArrayList<>();
        List<String> agents = new ArrayList<>();
        List<Integer> ports = new ArrayList<>();
        List<String> names = new ArrayList<>();
        String[] entries = text.split(",", -1);
        for (int i = 0; i < entries.length; i++) {
            String entry = entries[i].strip();
            if (i == 0 && entry.equals("none")) {
                base = NONE;
                continue;
            }
            int equals = entry.indexOf('=');
            String kind = equals < 0 ? "" : entry.substring(0, equals);
            String value = entry.substring(equals + 1);
            if (value.isEmpty() || value.length() > MAX_LENGTH) {
                kind = "";
            }
            switch (kind) {
                case "path" -> paths.add(value);
                case "agent" -> agents.add(value);
                case "port" -> ports.add(port(value));
                case "name" -> names.add(value);
                default ->
                    throw new IllegalArgumentException(
                            "expected path=/ready, agent=PREFIX, port=15021 or name=db.internal, got '" + entry + "'");
            }
        }
        return new Protection(
                joined(base.paths, paths),
                joined(base.agents, agents),
                joined(base.ports, ports),
                joined(base.names, names));
    }

    private static int port(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("expected a port from 1 to 65535, got '" + text + "'");
        }
    }

    private static <T> List<T> joined(List<T> a, List<T> b) {
        List<T> all = new ArrayList<>(a);
        b.stream().filter(each -> !all.contains(each)).forEach(all::add);
        return all;
    }

    /** Whether the rule names what it touches, so that protection does not hold it back. */
    public static boolean isNamedBy(FaultRule rule) {
        Scope scope = rule.scope();
        return switch (rule.fault().kind().plane()) {
            case REQUEST -> isExact(scope.path());
            case CONNECTION ->
                scope.isUpstream(rule.fault())
                        ? !scope.endpoints().ports().isEmpty()
                        : !scope.destination().ports().isEmpty() || isExact(scope.sni());
            case DNS -> isExact(scope.question().name());
        };
    }

    private static boolean isExact(@Nullable StringMatcher matcher) {
        return matcher != null && matcher.kind() == StringMatcher.Kind.EXACT;
    }

    /**
     * What the rule's scope may hold and the rule will not touch, for people, before it is installed. What only the data plane
     * knows (its own health checks) is not among it.
     */
    public List<String> sparedFrom(FaultRule rule) {
        List<String> spared = new ArrayList<>();
        if (isNamedBy(rule)) {
            return spared;
        }
        Scope scope = rule.scope();
        switch (rule.fault().kind().plane()) {
            case REQUEST -> {
                paths.stream().filter(path -> mayBe(scope.path(), path)).forEach(spared::add);
                agents.forEach(agent -> spared.add("requests of " + agent + "*"));
                ports.forEach(port -> spared.add("requests to port " + port));
            }
            case CONNECTION -> {
                ports.forEach(port -> spared.add("connections to port " + port));
                if (!scope.isUpstream(rule.fault())) {
                    names.stream()
                            .filter(name -> mayBe(scope.sni(), name))
                            .forEach(name -> spared.add("connections to " + name));
                }
            }
            case DNS ->
                names.stream()
                        .filter(name -> mayBe(scope.question().name(), name))
                        .forEach(name -> spared.add("questions for " + name));
        }
        return spared;
    }

    /** Whether a text that passes the matcher may be the protected one; a pattern may be anything. */
    private static boolean mayBe(@Nullable StringMatcher matcher, String entry) {
        return matcher == null
                || entry.endsWith("*")
                || entry.startsWith(".")
                || matcher.compile().test(entry);
    }

    /** Whether the rule has an exact scope that is protected otherwise, so that it touches what nothing else does. */
    public boolean isTouchedByName(FaultRule rule) {
        Scope scope = rule.scope();
        return isNamedBy(rule)
                && switch (rule.fault().kind().plane()) {
                    case REQUEST -> scope.path() != null && isPath(scope.path().text());
                    case CONNECTION ->
                        scope.destination().ports().stream().anyMatch(ports::contains)
                                || scope.endpoints().ports().stream().anyMatch(ports::contains)
                                || scope.sni() != null && isName(scope.sni().text());
                    case DNS ->
                        scope.question().name() != null
                                && isName(scope.question().name().text());
                };
    }

    private boolean isPath(String path) {
        for (int i = 0; i < paths.size(); i++) {
            String each = paths.get(i);
            int length = each.length() - 1;
            if (each.charAt(length) == '*' ? path.regionMatches(0, each, 0, length) : path.equals(each)) {
                return true;
            }
        }
        return false;
    }

    private boolean isName(@Nullable String name) {
        if (name != null) {
            for (int i = 0; i < names.size(); i++) {
                String each = names.get(i);
                if (each.charAt(0) == '.' ? name.endsWith(each) : name.equals(each)) {
                    return true;
                }
            }
        }
        return false;
    }

    private boolean isPort(int port) {
        for (int i = 0; i < ports.size(); i++) {
            if (ports.get(i) == port) {
                return true;
            }
        }
        return false;
    }

    /** @param agentSlot of the header {@code user-agent} */
    boolean protects(RequestView request, int agentSlot) {
        if (this == NONE) {
            return false;
        }
        if (isPath(request.path()) || isPort(request.destinationPort()) || request.isOwnHealthCheck()) {
            return true;
        }
        String agent = agents.isEmpty() ? null : request.header(agentSlot);
        if (agent != null) {
            for (int i = 0; i < agents.size(); i++) {
                if (agent.startsWith(agents.get(i))) {
                    return true;
                }
            }
        }
        return false;
    }

    boolean protects(ConnectionView connection) {
        return isPort(connection.destinationPort()) || isName(connection.serverName());
    }

    boolean protects(UpstreamView connection) {
        return isPort(connection.port());
    }

    boolean protects(QuestionView question) {
        return isName(question.name());
    }
}
