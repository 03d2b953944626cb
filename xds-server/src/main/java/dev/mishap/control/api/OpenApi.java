package dev.mishap.control.api;

import static dev.mishap.control.api.Documents.map;

import dev.mishap.control.http.MediaType;
import dev.mishap.control.http.Route;
import dev.mishap.control.problem.ProblemKind;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;

/** The OpenAPI 3.1 document, made of the routes that the server has and of the schema that rules are read by. */
final class OpenApi {
    /** Problems that every operation may have. */
    private static final Set<ProblemKind> COMMON =
            Set.of(ProblemKind.INVALID, ProblemKind.NOT_ACCEPTABLE, ProblemKind.TOO_MANY, ProblemKind.INTERNAL);

    private OpenApi() {}

    static Map<String, Object> document(List<Route> routes, String version) {
        Map<String, Object> paths = new LinkedHashMap<>();
        Set<String> tags = new LinkedHashSet<>();
        for (Route route : routes) {
            tags.add(route.tag());
            @SuppressWarnings("unchecked")
            Map<String, Object> path = (Map<String, Object>) paths.computeIfAbsent(
                    route.template().replace("*", ""), name -> new LinkedHashMap<String, Object>());
            path.put(route.method().toLowerCase(Locale.ROOT), operation(route));
        }
        return map(
                "openapi", "3.1.0",
                "info",
                        map(
                                "title", "Mishap control plane",
                                "version", version,
                                "description",
                                        "Fault rules for a fleet of proxies. Errors are problem documents (RFC 9457) that name the field."),
                "jsonSchemaDialect", "https://json-schema.org/draft/2020-12/schema",
                "tags", tags.stream().map(tag -> map("name", tag)).toList(),
                "security", List.of(map("bearer", List.of())),
                "paths", paths,
                "components",
                        map(
                                "securitySchemes",
                                        map(
                                                "bearer",
                                                map(
                                                        "type", "http",
                                                        "scheme", "bearer",
                                                        "description",
                                                                "An API token, or a JWT of the identity provider.")),
                                "schemas", schemas()));
    }

    private static Map<String, Object> operation(Route route) {
        Map<String, Object> operation = map("operationId", route.operationId(), "tags", List.of(route.tag()));
        operation.put("summary", route.summary());
        if (!route.description().isEmpty()) {
            operation.put("description", route.description());
        }
        if (route.isOpen()) {
            operation.put("security", List.of());
        }
        List<Object> parameters = new ArrayList<>();
        for (String name : route.pathParameters()) {
            parameters.add(map("name", name, "in", "path", "required", true, "schema", map("type", "string")));
        }
        for (Route.Parameter parameter : route.parameters()) {
            parameters.add(map(
                    "name", parameter.name(),
                    "in", parameter.in(),
                    "description", parameter.doc(),
                    "schema", parameter.schema()));
        }
        if (!parameters.isEmpty()) {
            operation.put("parameters", parameters);
        }
        if (!route.consumes().isEmpty()) {
            operation.put("requestBody", body(route));
        }
        operation.put("responses", responses(route));
        return operation;
    }

    private static Map<String, Object> body(Route route) {
        Map<String, Object> content = new LinkedHashMap<>();
        for (MediaType type : route.consumes()) {
            Map<String, Object> media = map("schema", reference(String.valueOf(route.bodySchema())));
            if (route.bodyExample() != null && type != MediaType.YAML) {
                media.put("example", route.bodyExample());
            }
            content.put(type.text(), media);
        }
        return map("required", route.bodyRequired(), "content", content);
    }

    private static Map<String, Object> responses(Route route) {
        Map<String, Object> responses = new TreeMap<>();
        for (Route.Response response : route.responses()) {
            Map<String, Object> content = new LinkedHashMap<>();
            for (MediaType type : route.produces()) {
                content.put(
                        type.text(),
                        response.schema() == null
                                ? map("schema", map("type", "string"))
                                : map("schema", reference(response.schema())));
            }
            if (route.streams()) {
                content.put(MediaType.EVENTS.text(), map("schema", map("type", "string")));
            }
            responses.put(Integer.toString(response.status()), map("description", response.doc(), "content", content));
        }
        Set<ProblemKind> kinds = new LinkedHashSet<>(COMMON);
        kinds.addAll(route.problems());
        if (!route.isOpen()) {
            kinds.add(ProblemKind.UNAUTHENTICATED);
        }
        if (!route.consumes().isEmpty()) {
            kinds.addAll(Set.of(ProblemKind.TOO_LARGE, ProblemKind.UNSUPPORTED_MEDIA_TYPE, ProblemKind.TIMEOUT));
        }
        for (ProblemKind kind : ProblemKind.values()) {
            if (kinds.contains(kind)) {
                responses.putIfAbsent(
                        Integer.toString(kind.status()),
                        map(
                                "description",
                                kind.title() + ".",
                                "content",
                                map("application/problem+json", map("schema", reference("Problem")))));
            }
        }
        return responses;
    }

    private static Map<String, Object> reference(String schema) {
        return map("$ref", "#/components/schemas/" + schema);
    }

    private static Map<String, Object> schemas() {
        Map<String, Object> schemas = new TreeMap<>(ruleSchemas());
        Map<String, Object> text = map("type", "string");
        Map<String, Object> time = map("type", "string", "format", "date-time");
        Map<String, Object> texts = map("type", "array", "items", text);
        Map<String, Object> number = map("type", "integer");
        Map<String, Object> any = map("type", "object");
        schemas.put(
                "StoredRule",
                object(
                        List.of("apiVersion", "kind", "metadata", "spec", "status"),
                        "apiVersion",
                        text,
                        "kind",
                        map("const", "FaultRule"),
                        "metadata",
                        object(
                                List.of("name", "namespace", "uid", "resourceVersion"),
                                "name",
                                text,
                                "namespace",
                                text,
                                "labels",
                                map("type", "object", "additionalProperties", text),
                                "annotations",
                                map("type", "object", "additionalProperties", text),
                                "uid",
                                text,
                                "resourceVersion",
                                text,
                                "generation",
                                number,
                                "creationTimestamp",
                                time,
                                "updateTimestamp",
                                time,
                                "updatedBy",
                                text),
                        "spec",
                        reference("FaultRuleSpec"),
                        "status",
                        object(
                                List.of("phase", "summary"),
                                "phase",
                                map("enum", List.of("Active", "Scheduled", "Stopped", "Expired")),
                                "summary",
                                text,
                                "expiresAt",
                                time,
                                "honouring",
                                reference("Honouring"))));
        schemas.put(
                "Honouring",
                object(
                        List.of("honoured", "partly", "notHonoured", "nodes"),
                        "honoured",
                        number,
                        "partly",
                        number,
                        "notHonoured",
                        number,
                        "nodes",
                        map(
                                "type",
                                "array",
                                "items",
                                object(
                                        List.of("node", "outcome"),
                                        "node",
                                        text,
                                        "cluster",
                                        text,
                                        "outcome",
                                        map("enum", List.of("honoured", "partly", "notHonoured")),
                                        "ways",
                                        texts,
                                        "reasons",
                                        texts,
                                        "notes",
                                        texts))));
        schemas.put(
                "RuleList",
                object(
                        List.of("kind", "metadata", "items"),
                        "apiVersion",
                        text,
                        "kind",
                        map("const", "FaultRuleList"),
                        "metadata",
                        object(List.of("resourceVersion"), "resourceVersion", text, "continue", text),
                        "items",
                        map("type", "array", "items", reference("StoredRule"))));
        schemas.put(
                "DryRun",
                object(
                        List.of("kind", "outcome", "rule", "honouring", "overlaps"),
                        "kind",
                        map("const", "DryRun"),
                        "outcome",
                        map("enum", List.of("created", "configured", "unchanged")),
                        "rule",
                        reference("FaultRule"),
                        "honouring",
                        reference("Honouring"),
                        "overlaps",
                        map(
                                "type",
                                "array",
                                "items",
                                object(List.of("rules", "outcome"), "rules", texts, "outcome", texts))));
        schemas.put(
                "MergePatch", map("type", "object", "description", "A JSON merge patch (RFC 7396) of a FaultRule."));
        schemas.put(
                "Stop",
                closed(object(
                        List.of(),
                        "names",
                        texts,
                        "experimentId",
                        text,
                        "labelSelector",
                        text,
                        "all",
                        map("type", "boolean"))));
        schemas.put("Reason", closed(object(List.of(), "reason", text)));
        schemas.put(
                "KillSwitch",
                object(List.of("engaged"), "engaged", map("type", "boolean"), "reason", text, "by", text, "at", time));
        schemas.put(
                "Fleet",
                object(
                        List.of("kind", "metadata", "killSwitch", "items"),
                        "apiVersion",
                        text,
                        "kind",
                        map("const", "Fleet"),
                        "metadata",
                        object(List.of("total"), "total", number, "continue", text),
                        "killSwitch",
                        reference("KillSwitch"),
                        "states",
                        map("type", "object", "additionalProperties", number),
                        "kinds",
                        map("type", "object", "additionalProperties", number),
                        "items",
                        map("type", "array", "items", reference("Node"))));
        schemas.put(
                "Node",
                object(
                        List.of("id", "cluster", "namespace", "kind", "state", "types"),
                        "id",
                        text,
                        "cluster",
                        text,
                        "namespace",
                        text,
                        "kind",
                        text,
                        "version",
                        text,
                        "locality",
                        text,
                        "address",
                        text,
                        "connected",
                        time,
                        "state",
                        map("enum", List.of("ACKED", "SENT", "REQUESTED", "NACKED")),
                        "protocols",
                        texts,
                        "capabilities",
                        any,
                        "types",
                        map("type", "array", "items", any),
                        "rules",
                        map("type", "array", "items", any)));
        Map<String, Object> tested =
                closed(object(List.of("id", "name"), "id", text, "name", text, "hypothesis", text));
        Map<String, Object> verdict = closed(object(
                List.of("exitCode", "reason", "explanation"),
                "exitCode",
                number,
                "reason",
                text,
                "explanation",
                text,
                "recovered",
                map("type", "boolean")));
        schemas.put(
                "RunNews",
                closed(object(
                        List.of("experiment", "phase"),
                        "experiment",
                        tested,
                        "phase",
                        map("enum", List.of("baseline", "injection", "recovery", "done")),
                        "verdict",
                        verdict,
                        "report",
                        any)));
        schemas.put(
                "ExperimentRun",
                object(
                        List.of("kind", "metadata", "experiment", "by", "phase", "started", "phases"),
                        "apiVersion",
                        text,
                        "kind",
                        map("const", "ExperimentRun"),
                        "metadata",
                        object(List.of("name", "namespace"), "name", text, "namespace", text),
                        "experiment",
                        tested,
                        "by",
                        text,
                        "from",
                        text,
                        "phase",
                        map("enum", List.of("baseline", "injection", "recovery", "done", "lost")),
                        "phases",
                        map("type", "array", "items", object(List.of("phase", "at"), "phase", text, "at", time)),
                        "started",
                        time,
                        "updated",
                        time,
                        "ended",
                        time,
                        "verdict",
                        verdict,
                        "report",
                        any));
        schemas.put(
                "RunList",
                object(
                        List.of("kind", "items"),
                        "apiVersion",
                        text,
                        "kind",
                        map("const", "ExperimentRunList"),
                        "metadata",
                        object(List.of(), "continue", text),
                        "items",
                        map("type", "array", "items", reference("ExperimentRun"))));
        schemas.put(
                "Grant",
                closed(object(
                        List.of("role"),
                        "role",
                        map("enum", List.of("viewer", "operator", "admin")),
                        "namespaces",
                        texts,
                        "labels",
                        text)));
        schemas.put(
                "NewToken",
                closed(object(
                        List.of("name", "grants"),
                        "name",
                        text,
                        "grants",
                        map("type", "array", "items", reference("Grant"), "minItems", 1),
                        "ttl",
                        text)));
        schemas.put(
                "Token",
                object(
                        List.of("name", "grants", "created"),
                        "name",
                        text,
                        "grants",
                        map("type", "array", "items", reference("Grant")),
                        "created",
                        time,
                        "createdBy",
                        text,
                        "expires",
                        time,
                        "token",
                        text));
        schemas.put("TokenList", object(List.of("items"), "items", map("type", "array", "items", reference("Token"))));
        schemas.put(
                "Caller",
                object(
                        List.of("name", "grants"),
                        "name",
                        text,
                        "address",
                        text,
                        "grants",
                        map("type", "array", "items", reference("Grant"))));
        schemas.put(
                "AuditList",
                object(
                        List.of("items"),
                        "metadata",
                        object(List.of(), "continue", text),
                        "items",
                        map("type", "array", "items", any)));
        schemas.put(
                "Problem",
                object(
                        List.of("type", "title", "status", "detail"),
                        "type",
                        text,
                        "title",
                        text,
                        "status",
                        number,
                        "detail",
                        text,
                        "instance",
                        text,
                        "errors",
                        map(
                                "type",
                                "array",
                                "items",
                                object(
                                        List.of("field", "problem"),
                                        "field",
                                        text,
                                        "problem",
                                        text,
                                        "line",
                                        number,
                                        "column",
                                        number))));
        return schemas;
    }

    private static Map<String, Object> object(List<String> required, Object... properties) {
        Map<String, Object> object = map("type", "object");
        if (!required.isEmpty()) {
            object.put("required", required);
        }
        object.put("properties", map(properties));
        return object;
    }

    private static Map<String, Object> closed(Map<String, Object> object) {
        object.put("additionalProperties", false);
        return object;
    }

    /** Those of the published schema of rules, at their new place. */
    @SuppressWarnings("unchecked")
    private static Map<String, Object> ruleSchemas() {
        try (InputStream in = dev.mishap.rules.FaultRule.class.getResourceAsStream("mishap.schema.json")) {
            if (in == null) {
                throw new IllegalStateException("the schema of rules is not on the class path");
            }
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .replace("\"#/$defs/", "\"#/components/schemas/");
            return (Map<String, Object>) java.util.Objects.requireNonNull(
                    new JsonMapper().readValue(text, Map.class).get("$defs"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
