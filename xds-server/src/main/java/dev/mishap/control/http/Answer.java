package dev.mishap.control.http;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is answered: a document that is written in the form the caller accepts, bytes of one type, a stream of events, or a status
 * alone.
 */
public final class Answer {
    private final int status;
    private final Map<String, String> headers = new LinkedHashMap<>();
    private @Nullable Map<String, Object> document;
    private @Nullable ByteBuffer bytes;
    private @Nullable String bytesType;
    private @Nullable Consumer<EventStream> events;

    private Answer(int status) {
        this.status = status;
    }

    public static Answer status(int status) {
        return new Answer(status);
    }

    public static Answer document(int status, Map<String, Object> document) {
        Answer answer = new Answer(status);
        answer.document = document;
        return answer;
    }

    /** Bytes as they are; the buffer is shared and not changed. */
    public static Answer bytes(String contentType, ByteBuffer bytes) {
        Answer answer = new Answer(200);
        answer.bytes = bytes.asReadOnlyBuffer();
        answer.bytesType = contentType;
        return answer;
    }

    public static Answer text(String contentType, String text) {
        return bytes(contentType, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * A stream of server-sent events.
     *
     * @param start is called once the head is on its way, and keeps the stream
     */
    public static Answer events(Consumer<EventStream> start) {
        Answer answer = new Answer(200);
        answer.events = start;
        return answer;
    }

    public Answer header(String name, String value) {
        headers.put(name, value);
        return this;
    }

    public int status() {
        return status;
    }

    Map<String, String> headers() {
        return headers;
    }

    public @Nullable Map<String, Object> document() {
        return document;
    }

    @Nullable
    ByteBuffer bytes() {
        return bytes == null ? null : bytes.duplicate();
    }

    @Nullable
    String bytesType() {
        return bytesType;
    }

    @Nullable
    Consumer<EventStream> events() {
        return events;
    }
}
