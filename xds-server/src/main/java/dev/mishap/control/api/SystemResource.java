package dev.mishap.control.api;

import static dev.mishap.control.api.Documents.map;

import dev.mishap.control.http.Answer;
import dev.mishap.control.http.Exchange;
import dev.mishap.control.http.MediaType;
import dev.mishap.control.http.RequestCounts;
import dev.mishap.control.http.Route;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.rules.RuleSnapshot;
import dev.mishap.control.security.TokenCodec;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** How the server is, and who is calling it. */
final class SystemResource {
    private final RuleService service;
    private final WatchHub hub;
    private final RequestCounts counts;
    private final Supplier<@Nullable String> notReady;
    private final List<Consumer<StringBuilder>> metrics;

    /**
     * @param notReady why the server cannot serve now; null = it can
     * @param metrics more of them, each in Prometheus' text format
     */
    SystemResource(
            RuleService service,
            WatchHub hub,
            RequestCounts counts,
            Supplier<@Nullable String> notReady,
            List<Consumer<StringBuilder>> metrics) {
        this.service = service;
        this.hub = hub;
        this.counts = counts;
        this.notReady = notReady;
        this.metrics = List.copyOf(metrics);
    }

    List<Route> routes() {
        return List.of(
                Route.of("GET", "/healthz", e -> Answer.text("text/plain; charset=utf-8", "ok\n"))
                        .doc("healthz", "system", "Whether the process lives", "")
                        .open()
                        .produces(MediaType.TEXT)
                        .answers(200, "It does.", null, null),
                Route.of("GET", "/readyz", e -> ready())
                        .doc("readyz", "system", "Whether the server can serve", "Its store answers.")
                        .open()
                        .produces(MediaType.TEXT)
                        .answers(200, "It can.", null, null)
                        .problems(ProblemKind.UNAVAILABLE),
                Route.of("GET", "/metrics", e -> metrics())
                        .doc("metrics", "system", "Metrics in Prometheus' text format", "")
                        .produces(MediaType.METRICS)
                        .answers(200, "The metrics.", null, null),
                Route.of("GET", "/api/v1/whoami", SystemResource::whoami)
                        .doc("whoami", "system", "Who is calling, and what they may do", "")
                        .answers(200, "The caller.", "Caller", null));
    }

    private Answer ready() {
        String why = notReady.get();
        if (why != null) {
            throw new ProblemException(ProblemKind.UNAVAILABLE, why);
        }
        return Answer.text("text/plain; charset=utf-8", "ok\n");
    }

    private static Answer whoami(Exchange exchange) {
        return Answer.document(
                200,
                map(
                        "name", exchange.caller().name(),
                        "address", exchange.caller().address(),
                        "grants",
                                exchange.caller().grants().stream()
                                        .map(TokenCodec::grant)
                                        .toList()));
    }

    private Answer metrics() {
        StringBuilder out = new StringBuilder();
        counts.write(out);
        RuleSnapshot snapshot = service.registry().snapshot();
        gauge(out, "mishap_rules", "Rules in the store.", snapshot.size());
        gauge(
                out,
                "mishap_rules_unreadable",
                "Rules in the store that cannot be read and do not act.",
                snapshot.unreadable().size());
        gauge(
                out,
                "mishap_rules_revision",
                "Revision of the store's last change of rules that was seen.",
                snapshot.revision());
        gauge(
                out,
                "mishap_kill_switch",
                "1 while no fault may act.",
                snapshot.killSwitch().engaged() ? 1 : 0);
        gauge(out, "mishap_api_watchers", "Streams of changes that are open.", hub.count());
        Map<String, Integer> states = new TreeMap<>();
        service.fleet().nodes().forEach(node -> states.merge(node.state(), 1, Integer::sum));
        out.append(
                "# HELP mishap_fleet_nodes Nodes connected to this server, by state.\n# TYPE mishap_fleet_nodes gauge\n");
        for (String state : List.of("ACKED", "SENT", "REQUESTED", "NACKED")) {
            out.append("mishap_fleet_nodes{state=\"")
                    .append(state)
                    .append("\"} ")
                    .append(states.getOrDefault(state, 0))
                    .append('\n');
        }
        metrics.forEach(more -> more.accept(out));
        return Answer.text("text/plain; version=0.0.4; charset=utf-8", out.toString());
    }

    private static void gauge(StringBuilder out, String name, String help, long value) {
        out.append("# HELP ")
                .append(name)
                .append(' ')
                .append(help)
                .append("\n# TYPE ")
                .append(name)
                .append(" gauge\n");
        out.append(name).append(' ').append(value).append('\n');
    }
}
