package dev.mishap.rules.importer;

import dev.mishap.rules.Cohort;
import dev.mishap.rules.Durations;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.FleetRule;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Source;
import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.fault.Delay;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.GrpcStatus;
import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.yaml.Tree;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The faults of Istio's VirtualService. Each {@code http[]} with a fault becomes a rule for each of its matches and each of delay
 * and abort, which Envoy draws independently. A percentage that is absent is 0 %, one finer than a millionth is cut off, both as
 * Istio does. Routing stays with the mesh.
 */
final class IstioImporter implements Importer {
    private static final Set<String> ROUTING = Set.of(
            "route",
            "timeout",
            "retries",
            "rewrite",
            "headers",
            "mirror",
            "mirrors",
            "mirrorPercent",
            "mirrorPercentage",
            "mirror_percent",
            "corsPolicy",
            "redirect",
            "directResponse",
            "delegate");

    @Override
    public String name() {
        return "networking.istio.io VirtualService (its faults)";
    }

    @Override
    public boolean accepts(Tree document) {
        return Importer.inGroup(document, "networking.istio.io");
    }

    @Override
    public void read(List<Tree> documents, Import into) {
        documents.forEach(d -> read(d, into));
    }

    private static void read(Tree document, Import into) {
        if (!"VirtualService".equals(document.textOf("kind"))) {
            into.problems.add(document, "expected kind VirtualService");
            return;
        }
        Tree metadata = into.need(document, "metadata");
        Tree spec = into.need(document, "spec");
        Tree name = metadata == null ? null : into.need(metadata, "name");
        if (metadata == null || spec == null || name == null) {
            return;
        }
        into.onlyThese(spec, Set.of("hosts", "gateways", "http", "tls", "tcp", "exportTo"));
        for (Tree gateway : spec.itemsOf("gateways")) {
            if (!gateway.text().equals("mesh")) {
                into.problems.add(gateway, "cannot be carried over: give the rule's scope listeners instead");
            }
        }
        String namespace = metadata.textOf("namespace") == null ? "default" : metadata.textOf("namespace");
        HeaderMatcher hosts = IstioMatches.hosts(spec.itemsOf("hosts"), namespace, into);
        List<Tree> earlier = new ArrayList<>();
        int found = 0;
        List<Tree> routes = spec.itemsOf("http");
        for (int i = 0; i < routes.size(); i++) {
            Tree fault = routes.get(i).get("fault");
            if (fault != null) {
                found++;
                route(routes.get(i), fault, name.text() + "-" + (i + 1), hosts, earlier, into);
            }
            earlier.add(routes.get(i));
        }
        if (found == 0) {
            into.problems.add(spec, "has no http[].fault");
        }
    }

    private static void route(
            Tree route, Tree fault, String name, @Nullable HeaderMatcher hosts, List<Tree> earlier, Import into) {
        for (String field : route.fields().keySet()) {
            if (ROUTING.contains(field)) {
                into.note("http[]." + field + " stays with the mesh: a rule injects faults and does not route");
            } else if (!Set.of("name", "match", "fault").contains(field)) {
                into.problems.add(route.fields().get(field), "cannot be carried over");
            }
        }
        into.onlyThese(fault, Set.of("delay", "abort"));
        List<NamedFault> faults = new ArrayList<>();
        Tree delay = fault.get("delay");
        if (delay != null) {
            into.onlyThese(delay, Set.of("percentage", "percent", "fixedDelay"));
            Tree fixed = into.need(delay, "fixedDelay");
            Delay made =
                    fixed == null ? null : into.problems.attempt(fixed, () -> new Delay(Durations.parse(fixed.text())));
            add(faults, "delay", made, delay, into);
        }
        Tree abort = fault.get("abort");
        if (abort != null) {
            into.onlyThese(abort, Set.of("percentage", "percent", "httpStatus", "grpcStatus"));
            add(faults, "abort", abort(abort, into), abort, into);
        }
        List<Tree> matches = route.itemsOf("match");
        int alternatives = Math.max(1, matches.size());
        for (int m = 0; m < alternatives; m++) {
            Tree match = matches.isEmpty() ? null : matches.get(m);
            IstioMatches.Conditions conditions = IstioMatches.conditions(match, into);
            List<HeaderMatcher> headers = new ArrayList<>(conditions.headers());
            if (hosts != null) {
                headers.add(0, hosts);
            }
            headers.addAll(IstioMatches.exclude(earlier, match, route, into));
            // Alternatives of one route: the first that matches, so that a request is not drawn twice.
            headers.addAll(
                    IstioMatches.excludeMatches(matches.subList(0, Math.min(m, matches.size())), match, route, into));
            for (NamedFault each : faults) {
                String suffix = (alternatives > 1 ? "-" + (m + 1) : "") + (faults.size() > 1 ? "-" + each.name : "");
                FaultRule rule = into.problems.attempt(
                        route,
                        () -> FaultRule.of(
                                name + suffix,
                                new Scope(
                                        List.of(),
                                        List.of(),
                                        List.of(),
                                        conditions.methods(),
                                        conditions.path(),
                                        headers,
                                        Source.ANY,
                                        Cohort.ALL),
                                each.percentage,
                                each.fault));
                if (rule != null) {
                    into.rules.add(FleetRule.of(rule));
                }
            }
        }
    }

    private record NamedFault(String name, Fault fault, Percentage percentage) {}

    private static void add(List<NamedFault> faults, String name, @Nullable Fault fault, Tree tree, Import into) {
        Percentage percentage = percentage(tree, into);
        if (fault != null) {
            faults.add(new NamedFault(name, fault, percentage));
        }
    }

    private static @Nullable Abort abort(Tree tree, Import into) {
        Tree http = tree.get("httpStatus");
        Tree grpc = tree.get("grpcStatus");
        if ((http == null) == (grpc == null)) {
            into.problems.add(tree, "expected exactly one of httpStatus and grpcStatus");
            return null;
        }
        if (http != null) {
            Long status = into.whole(http, 200, 599);
            return status == null ? null : Abort.http(status.intValue());
        }
        int code = GrpcStatus.NAMES.indexOf(grpc.text());
        if (code < 0) {
            into.problems.add(grpc, "expected a gRPC status such as UNAVAILABLE, found " + grpc.found());
            return null;
        }
        return Abort.grpc(code);
    }

    private static Percentage percentage(Tree fault, Import into) {
        Tree percentage = fault.get("percentage");
        into.onlyThese(percentage, Set.of("value"));
        Tree value = percentage == null ? fault.get("percent") : percentage.get("value");
        if (value == null) {
            into.note(fault.path() + " has no percentage, which is 0 % to Istio: the rule touches nothing");
            return Percentage.ZERO;
        }
        try {
            BigDecimal percent = new BigDecimal(value.text());
            if (value.text().length() <= 30
                    && percent.signum() >= 0
                    && percent.compareTo(BigDecimal.valueOf(100)) <= 0) {
                BigDecimal millionths = percent.scaleByPowerOfTen(4);
                int whole = millionths.setScale(0, RoundingMode.DOWN).intValueExact();
                if (millionths.compareTo(BigDecimal.valueOf(whole)) != 0) {
                    into.note(value.path() + " is cut off to " + new Percentage(whole) + ", as Istio does");
                }
                return new Percentage(whole);
            }
        } catch (NumberFormatException e) {
            // told below
        }
        into.problems.add(value, "expected a percentage from 0 to 100, found " + value.found());
        return Percentage.ZERO;
    }
}
