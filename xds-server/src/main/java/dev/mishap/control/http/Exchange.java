package dev.mishap.control.http;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Credentials;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One request, with all of its body, as an endpoint sees it. */
public final class Exchange {
    private final String id;
    private final String method;
    private final Map<String, String> pathValues;
    private final Query query;
    private final Map<String, String> headers;
    private final byte[] body;
    private final @Nullable MediaType bodyType;
    private final MediaType answerType;
    private final Caller caller;
    private final Credentials credentials;

    Exchange(
            String id,
            String method,
            Map<String, String> pathValues,
            Query query,
            Map<String, String> headers,
            byte[] body,
            @Nullable MediaType bodyType,
            MediaType answerType,
            Caller caller,
            Credentials credentials) {
        this.id = id;
        this.method = method;
        this.pathValues = pathValues;
        this.query = query;
        this.headers = headers;
        this.body = body;
        this.bodyType = bodyType;
        this.answerType = answerType;
        this.caller = caller;
        this.credentials = credentials;
    }

    /** Made for this request; it stands in {@code x-request-id}, problems and the log. */
    public String id() {
        return id;
    }

    public String method() {
        return method;
    }

    public String path(String name) {
        String value = pathValues.get(name);
        if (value == null) {
            throw new IllegalStateException("the route has no {" + name + "}");
        }
        return value;
    }

    public Query query() {
        return query;
    }

    /** A header by its name in lower case; several of one name are joined with commas. */
    public @Nullable String header(String name) {
        return headers.get(name);
    }

    public Caller caller() {
        return caller;
    }

    /** What the caller has presented. */
    public Credentials credentials() {
        return credentials;
    }

    /** What the answer will be written as. */
    public MediaType answerType() {
        return answerType;
    }

    /** What the body is; null without one. */
    public @Nullable MediaType bodyType() {
        return bodyType;
    }

    public byte[] bodyBytes() {
        return body;
    }

    /** The body as text. */
    public String body() {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(body))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new ProblemException(ProblemKind.INVALID, "the body is not UTF-8");
        }
    }
}
