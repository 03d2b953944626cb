package dev.mishap.control;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Exchanges whose answer has to be there whole, in time and within bounds. The time-out of {@link HttpRequest} is over with the head of
 * the answer, so that a body that drips or never ends would keep a run from its roll-back, and a command for ever.
 */
public final class WholeAnswer {
    /** Bytes of a body; a proxy with thousands of rules tells far less. */
    private static final int MOST = 16 << 20;

    /** The caller waits in {@link HttpClient#send}, which needs no thread of the common pool: the caller may be its only one. */
    private static final ScheduledExecutorService TIMER = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "answer-timer");
        thread.setDaemon(true);
        return thread;
    });

    private WholeAnswer() {}

    /** @throws HttpTimeoutException when the answer is not whole after {@code timeout} */
    public static HttpResponse<String> of(HttpClient http, HttpRequest request, Duration timeout)
            throws IOException, InterruptedException {
        Body body = new Body();
        Future<?> limit = TIMER.schedule(body::late, timeout.toNanos(), TimeUnit.NANOSECONDS);
        try {
            return http.send(request, head -> body);
        } catch (IOException e) {
            throw body.isLate() ? new HttpTimeoutException("request timed out") : e;
        } finally {
            limit.cancel(false);
        }
    }

    private static final class Body implements HttpResponse.BodySubscriber<String> {
        private final CompletableFuture<String> text = new CompletableFuture<>();
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private volatile Flow.@Nullable Subscription subscription;
        private volatile boolean late;

        boolean isLate() {
            return late;
        }

        /** On the timer's thread. Before the head is there, the request's own time-out ends the exchange. */
        void late() {
            late = true;
            fail(new HttpTimeoutException("request timed out"));
        }

        private void fail(IOException why) {
            text.completeExceptionally(why);
            Flow.Subscription given = subscription;
            if (given != null) {
                given.cancel();
            }
        }

        @Override
        public CompletionStage<String> getBody() {
            return text;
        }

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription = given;
            if (text.isDone()) {
                given.cancel();
            } else {
                given.request(Long.MAX_VALUE);
            }
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            for (ByteBuffer buffer : buffers) {
                if (text.isDone()) {
                    return;
                }
                if (buffer.remaining() > MOST - bytes.size()) {
                    fail(new IOException("the answer is larger than " + MOST + " bytes"));
                    return;
                }
                byte[] part = new byte[buffer.remaining()];
                buffer.get(part);
                bytes.writeBytes(part);
            }
        }

        @Override
        public void onError(Throwable problem) {
            text.completeExceptionally(problem);
        }

        @Override
        public void onComplete() {
            text.complete(bytes.toString(StandardCharsets.UTF_8));
        }
    }
}
