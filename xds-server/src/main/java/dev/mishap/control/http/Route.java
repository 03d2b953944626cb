package dev.mishap.control.http;

import dev.mishap.control.problem.ProblemKind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One operation: what it is reached by, what it takes and answers, and who does it. The OpenAPI document is made of these, so that
 * it cannot say anything else.
 */
public final class Route {
    /** Does the work; may block on the store. */
    @FunctionalInterface
    public interface Endpoint {
        Answer handle(Exchange exchange) throws Exception;
    }

    /** A parameter of the query or a header. */
    public record Parameter(String name, String in, String doc, Map<String, Object> schema) {}

    /** An answer that the operation may give, beside the problems that all may give. */
    public record Response(
            int status,
            String doc,
            @Nullable String schema,
            @Nullable Object example) {}

    private final String method;
    private final String template;
    private final List<String> segments;
    private final Endpoint endpoint;
    private String operationId = "";
    private String tag = "";
    private String summary = "";
    private String description = "";
    private boolean open;
    private boolean mayStream;
    private final List<Parameter> parameters = new ArrayList<>();
    private final List<Response> responses = new ArrayList<>();
    private final Set<ProblemKind> problems = new LinkedHashSet<>();
    private List<MediaType> produces = List.of(MediaType.JSON, MediaType.YAML);
    private List<MediaType> consumes = List.of();
    private boolean bodyRequired;
    private @Nullable String bodySchema;
    private @Nullable Object bodyExample;

    private Route(String method, String template, Endpoint endpoint) {
        this.method = method;
        this.template = template;
        this.segments = List.of(template.substring(1).split("/", -1));
        this.endpoint = endpoint;
    }

    /** {@code template} has {@code {name}} for a segment, or as the beginning of one: {@code {name}:stop}. */
    public static Route of(String method, String template, Endpoint endpoint) {
        return new Route(method, template, endpoint);
    }

    public Route doc(String id, String tagName, String oneLine, String more) {
        operationId = id;
        tag = tagName;
        summary = oneLine;
        description = more;
        return this;
    }

    /** Anyone may call it without saying who they are. */
    public Route open() {
        open = true;
        return this;
    }

    /** Its answer may be a stream of events, too. */
    public Route mayStream() {
        mayStream = true;
        return this;
    }

    public Route query(String name, String doc, Map<String, Object> schema) {
        parameters.add(new Parameter(name, "query", doc, schema));
        return this;
    }

    public Route requestHeader(String name, String doc) {
        parameters.add(new Parameter(name, "header", doc, Map.of("type", "string")));
        return this;
    }

    public Route body(List<MediaType> types, boolean required, @Nullable String schema, @Nullable Object example) {
        consumes = types;
        bodyRequired = required;
        bodySchema = schema;
        bodyExample = example;
        return this;
    }

    public Route produces(MediaType... types) {
        produces = List.of(types);
        return this;
    }

    public Route answers(int status, String doc, @Nullable String schema, @Nullable Object example) {
        responses.add(new Response(status, doc, schema, example));
        return this;
    }

    public Route problems(ProblemKind... kinds) {
        problems.addAll(List.of(kinds));
        return this;
    }

    public String method() {
        return method;
    }

    public String template() {
        return template;
    }

    public String operationId() {
        return operationId;
    }

    public String tag() {
        return tag;
    }

    public String summary() {
        return summary;
    }

    public String description() {
        return description;
    }

    public boolean isOpen() {
        return open;
    }

    public boolean streams() {
        return mayStream;
    }

    public List<Parameter> parameters() {
        return parameters;
    }

    public List<Response> responses() {
        return responses;
    }

    public Set<ProblemKind> problems() {
        return problems;
    }

    public List<MediaType> produces() {
        return produces;
    }

    public List<MediaType> consumes() {
        return consumes;
    }

    public boolean bodyRequired() {
        return bodyRequired;
    }

    public @Nullable String bodySchema() {
        return bodySchema;
    }

    public @Nullable Object bodyExample() {
        return bodyExample;
    }

    /** The names in braces. */
    public List<String> pathParameters() {
        List<String> names = new ArrayList<>();
        for (String segment : segments) {
            if (segment.startsWith("{")) {
                names.add(segment.substring(1, segment.indexOf('}')));
            }
        }
        return names;
    }

    Endpoint endpoint() {
        return endpoint;
    }

    Set<String> queryNames() {
        Set<String> names = new LinkedHashSet<>();
        parameters.stream().filter(p -> p.in().equals("query")).forEach(p -> names.add(p.name()));
        return names;
    }

    /** What stands in the place of the braces, decoded; null when the path is another one. */
    @Nullable
    Map<String, String> match(List<String> path) {
        boolean rest = segments.get(segments.size() - 1).equals("{path}*");
        if (rest ? path.size() < segments.size() : path.size() != segments.size()) {
            return null;
        }
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 0; i < segments.size(); i++) {
            String segment = segments.get(i);
            String given = path.get(i);
            if (segment.equals("{path}*")) {
                values.put("path", String.join("/", path.subList(i, path.size())));
            } else if (segment.startsWith("{")) {
                int end = segment.indexOf('}');
                String suffix = segment.substring(end + 1);
                if (given.length() <= suffix.length()
                        || !given.endsWith(suffix)
                        || suffix.isEmpty() && given.indexOf(':') >= 0) {
                    return null;
                }
                values.put(segment.substring(1, end), given.substring(0, given.length() - suffix.length()));
            } else if (!segment.equals(given)) {
                return null;
            }
        }
        return values;
    }
}
