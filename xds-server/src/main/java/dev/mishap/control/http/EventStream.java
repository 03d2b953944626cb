package dev.mishap.control.http;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Queue;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IteratingCallback;
import org.jspecify.annotations.Nullable;

/**
 * A stream of server-sent events to one client. Events wait in a queue of bounded size; a client that does not keep up is cut off,
 * and comes back with the id of the last event that it has seen. Never blocks. Safe for several threads.
 */
public final class EventStream {
    private final Response response;
    private final Callback completion;
    private final int maxQueued;
    private final Queue<ByteBuffer> queue = new ArrayDeque<>();
    private final Writer writer = new Writer();
    private long queuedBytes;
    private boolean closed;
    private boolean ending;
    private @Nullable Runnable onClose;

    EventStream(Response response, Callback completion, int maxQueued) {
        this.response = response;
        this.completion = completion;
        this.maxQueued = maxQueued;
    }

    /**
     * Sends an event.
     *
     * @param id where a client goes on from; null = the event is no such place
     * @param data may have several lines
     * @return false when the stream is closed, or has just been because its client is too slow
     */
    public boolean send(@Nullable String id, @Nullable String event, String data) {
        StringBuilder text = new StringBuilder(data.length() + 64);
        if (id != null) {
            text.append("id: ").append(id).append('\n');
        }
        if (event != null) {
            text.append("event: ").append(event).append('\n');
        }
        for (String line : data.split("\r\n|\r|\n", -1)) {
            text.append("data: ").append(line).append('\n');
        }
        return offer(text.append('\n').toString());
    }

    /** A line that clients skip; it keeps the connection from being idle. */
    public boolean comment(String text) {
        return offer(": " + text + "\n\n");
    }

    /** Is called once when the stream ends for whatever reason; at once when it has already. */
    public void onClose(Runnable action) {
        synchronized (queue) {
            if (!closed) {
                onClose = action;
                return;
            }
        }
        action.run();
    }

    /** Sends what is queued, then ends the answer. */
    public void end() {
        synchronized (queue) {
            ending = true;
        }
        writer.iterate();
    }

    private boolean offer(String text) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        boolean slow;
        synchronized (queue) {
            if (closed || ending) {
                return false;
            }
            // One event always fits, however large.
            slow = !queue.isEmpty() && queuedBytes + bytes.remaining() > maxQueued;
            if (!slow) {
                queue.add(bytes);
                queuedBytes += bytes.remaining();
            }
        }
        if (slow) {
            writer.abort(new java.io.IOException("the client does not keep up"));
            return false;
        }
        writer.iterate();
        return true;
    }

    private void closed() {
        Runnable action;
        synchronized (queue) {
            if (closed) {
                return;
            }
            closed = true;
            queue.clear();
            action = onClose;
            onClose = null;
        }
        if (action != null) {
            action.run();
        }
    }

    private final class Writer extends IteratingCallback {
        private boolean last;

        @Override
        protected Action process() {
            ByteBuffer next;
            synchronized (queue) {
                if (last) {
                    return Action.SUCCEEDED;
                }
                next = queue.poll();
                if (next != null) {
                    queuedBytes -= next.remaining();
                } else if (ending) {
                    last = true;
                    next = ByteBuffer.allocate(0);
                } else {
                    return Action.IDLE;
                }
            }
            response.write(last, next, this);
            return Action.SCHEDULED;
        }

        @Override
        protected void onCompleteSuccess() {
            closed();
            completion.succeeded();
        }

        @Override
        protected void onFailure(Throwable cause) {
            closed();
        }

        @Override
        protected void onCompleteFailure(Throwable cause) {
            completion.failed(cause);
        }
    }
}
