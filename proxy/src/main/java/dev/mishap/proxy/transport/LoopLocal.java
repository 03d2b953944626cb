package dev.mishap.proxy.transport;

import io.netty.channel.EventLoop;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * One value an event loop, made when the loop first asks. A look-up compares a handful of references and takes no lock; there
 * are as many entries as workers.
 */
public final class LoopLocal<T> {
    private final Function<EventLoop, T> maker;
    private volatile Object[] pairs = new Object[0];

    public LoopLocal(Function<EventLoop, T> maker) {
        this.maker = maker;
    }

    /** The value of {@code loop}; called on that loop. */
    public T get(EventLoop loop) {
        Object[] p = pairs;
        for (int i = 0; i < p.length; i += 2) {
            if (p[i] == loop) {
                return cast(p[i + 1]);
            }
        }
        return make(loop);
    }

    /**
     * The value of the loop that calls, for who does not know which one that is.
     *
     * @param loops of which it is one
     */
    public T get(Iterable<EventLoop> loops) {
        Object[] p = pairs;
        for (int i = 0; i < p.length; i += 2) {
            if (((EventLoop) p[i]).inEventLoop()) {
                return cast(p[i + 1]);
            }
        }
        for (EventLoop loop : loops) {
            if (loop.inEventLoop()) {
                return make(loop);
            }
        }
        throw new IllegalStateException("called on no event loop");
    }

    private synchronized T make(EventLoop loop) {
        T made = maker.apply(loop);
        Object[] p = Arrays.copyOf(pairs, pairs.length + 2);
        p[p.length - 2] = loop;
        p[p.length - 1] = made;
        pairs = p;
        return made;
    }

    /** Runs {@code action} for every value, each on its own loop, later. */
    public void forEach(Consumer<T> action) {
        Object[] p = pairs;
        for (int i = 0; i < p.length; i += 2) {
            T value = cast(p[i + 1]);
            EventLoop loop = (EventLoop) p[i];
            if (!loop.isShuttingDown()) {
                loop.execute(() -> action.accept(value));
            }
        }
    }

    @SuppressWarnings("unchecked")
    private T cast(Object value) {
        return (T) value;
    }
}
