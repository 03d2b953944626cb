package dev.mishap.proxy.filter.http.extauthz;

import java.util.List;
import java.util.Map;

/**
 * What the service says of a request. Values are as they go over the wire, one char a byte.
 *
 * @param status that a request which is not allowed is answered with
 * @param body of that answer, as Unicode
 * @param request changes of the request's headers; of a request that is not allowed, the headers of its answer
 * @param removed names of headers that the request loses
 * @param response changes of the response's headers
 * @param parameters that the request's query gets
 * @param removedParameters that the request's query loses
 * @param metadata for the filters that follow and the log
 */
record Answer(
        boolean allowed,
        int status,
        String body,
        List<Change> request,
        List<String> removed,
        List<Change> response,
        List<Parameter> parameters,
        List<String> removedParameters,
        Map<String, Object> metadata) {
    enum How {
        /** Another line. */
        ADD,
        SET,
        /** Joined to the line that is there, else nothing. */
        APPEND,
        ADD_IF_ABSENT,
        SET_IF_PRESENT
    }

    /** One change of headers. */
    record Change(String name, String value, How how) {}

    /** A parameter of a query. */
    record Parameter(String name, String value) {}

    static Answer denied(int status, String body, List<Change> headers, Map<String, Object> metadata) {
        return new Answer(false, status, body, headers, List.of(), List.of(), List.of(), List.of(), metadata);
    }

    /** Whether the request that goes on is another than the one that came. */
    boolean changesRequest() {
        return !request.isEmpty() || !removed.isEmpty() || !parameters.isEmpty() || !removedParameters.isEmpty();
    }
}
