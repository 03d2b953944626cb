package dev.mishap.control.xds;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What the test clients of both protocols share: responses in a queue, in the order in which they came. */
abstract class StreamClient<Q, R> {
    private static final long PATIENCE_SECONDS = 20;

    private final BlockingQueue<Object> received = new LinkedBlockingQueue<>();
    private @Nullable StreamObserver<Q> requests;

    void open(Function<StreamObserver<R>, StreamObserver<Q>> method) {
        requests = method.apply(new StreamObserver<>() {
            @Override
            public void onNext(R response) {
                received.add(response);
            }

            @Override
            public void onError(Throwable t) {
                received.add(Status.fromThrowable(t));
            }

            @Override
            public void onCompleted() {
                received.add(Status.OK);
            }
        });
    }

    abstract String typeOf(R response);

    void send(Q request) {
        requests.onNext(request);
    }

    void close() {
        requests.onCompleted();
    }

    void abandon() {
        requests.onError(new StatusRuntimeException(Status.CANCELLED));
    }

    /** The next response, which must be of this type. */
    R next(String typeUrl) {
        R response = next();
        assertThat(typeOf(response)).isEqualTo(typeUrl);
        return response;
    }

    @SuppressWarnings("unchecked")
    R next() {
        Object event = poll();
        assertThat(event).as("the stream ended").isNotInstanceOf(Status.class);
        return (R) event;
    }

    /** How the stream ended. */
    Status end() {
        Object event = poll();
        assertThat(event).as("a response instead of the stream's end").isInstanceOf(Status.class);
        return (Status) event;
    }

    boolean hasNothing() {
        return received.isEmpty();
    }

    private Object poll() {
        try {
            Object event = received.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertThat(event).as("nothing came").isNotNull();
            return event;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
