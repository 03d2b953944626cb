package dev.mishap.control.problem;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A call that fails by the caller's doing, or for a reason that the caller is told. */
public final class ProblemException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * What is wrong with one field.
     *
     * @param field its path, such as {@code spec.fault.abort.httpStatus}; empty = the document
     * @param line from 1; 0 = it stands in no text
     */
    public record FieldError(String field, String problem, int line, int column) {
        public static FieldError of(String field, String problem) {
            return new FieldError(field, problem, 0, 0);
        }

        private Map<String, Object> document() {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("field", field);
            document.put("problem", problem);
            if (line > 0) {
                document.put("line", line);
                document.put("column", column);
            }
            return document;
        }
    }

    private final ProblemKind kind;
    private final transient List<FieldError> errors;
    private final transient Map<String, String> headers;

    private ProblemException(ProblemKind kind, String detail, List<FieldError> errors, Map<String, String> headers) {
        super(detail, null, false, false);
        this.kind = kind;
        this.errors = List.copyOf(errors);
        this.headers = Map.copyOf(headers);
    }

    public ProblemException(ProblemKind kind, String detail) {
        this(kind, detail, List.of(), Map.of());
    }

    public static ProblemException invalid(String field, String problem) {
        return invalid(List.of(FieldError.of(field, problem)));
    }

    public static ProblemException invalid(List<FieldError> errors) {
        FieldError first = errors.get(0);
        String detail = (first.field().isEmpty() ? "" : first.field() + ": ")
                + first.problem()
                + (errors.size() == 1 ? "" : " (and " + (errors.size() - 1) + " more)");
        return new ProblemException(ProblemKind.INVALID, detail, errors, Map.of());
    }

    /** The same with a header on the answer. */
    public ProblemException with(String header, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(header, value);
        return new ProblemException(kind, detail(), errors, more);
    }

    /** The same, telling of fields. */
    public ProblemException with(List<FieldError> fieldErrors) {
        return new ProblemException(kind, detail(), fieldErrors, headers);
    }

    public ProblemKind kind() {
        return kind;
    }

    /** What went wrong this time, for people. */
    public String detail() {
        return String.valueOf(getMessage());
    }

    public List<FieldError> errors() {
        return errors;
    }

    /** Headers that the answer must have. */
    public Map<String, String> headers() {
        return headers;
    }

    /** The problem document of RFC 9457. */
    public Map<String, Object> document(String requestId) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("type", kind.type());
        document.put("title", kind.title());
        document.put("status", kind.status());
        document.put("detail", detail());
        document.put("instance", "urn:mishap:request:" + requestId);
        if (!errors.isEmpty()) {
            List<Object> list = new ArrayList<>();
            errors.forEach(error -> list.add(error.document()));
            document.put("errors", list);
        }
        return document;
    }
}
