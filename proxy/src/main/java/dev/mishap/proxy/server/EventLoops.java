package dev.mishap.proxy.server;

import dev.mishap.proxy.transport.Transport;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The process's event loops: one for each worker, and the main one for everything that is not a request. */
final class EventLoops {
    private final EventLoopGroup mainGroup;
    private final EventLoopGroup workerGroup;

    EventLoops(Transport transport, int concurrency) {
        mainGroup = transport.loops(1, "main");
        workerGroup = transport.loops(concurrency, "wrk:worker");
    }

    EventLoop main() {
        return mainGroup.next();
    }

    List<EventLoop> workers() {
        List<EventLoop> workers = new ArrayList<>();
        for (EventExecutor e : workerGroup) {
            workers.add((EventLoop) e);
        }
        return workers;
    }

    /** The workers', and the main one. */
    List<EventLoop> all() {
        List<EventLoop> all = workers();
        all.add(main());
        return all;
    }

    /** Runs {@code action} on the main loop, unless the process ends. */
    void onMain(Runnable action) {
        EventLoop main = main();
        if (!main.isShuttingDown()) {
            main.execute(action);
        }
    }

    /** Ends the threads, the workers' first. Blocks until they have ended, two seconds at most. */
    void stop() {
        workerGroup.shutdownGracefully(0, 500, TimeUnit.MILLISECONDS).awaitUninterruptibly(1000);
        mainGroup.shutdownGracefully(0, 500, TimeUnit.MILLISECONDS).awaitUninterruptibly(1000);
    }
}
