package dev.mishap.control.demo;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/** The dependency: {@code POST /payments} takes 2 to 6 ms and succeeds. It has no idea that faults exist. */
final class PaymentGateway implements AutoCloseable {
    private final HttpService service;
    private final LongAdder received = new LongAdder();

    PaymentGateway(Path log) throws IOException {
        service = new HttpService("payment-gateway", log, this::pay);
    }

    int port() {
        return service.port();
    }

    long received() {
        return received.sum();
    }

    private void pay(HttpExchange exchange) {
        received.increment();
        long micros = ThreadLocalRandom.current().nextLong(2_000, 6_000);
        service.timers()
                .schedule(() -> service.answer(exchange, 200, "{\"paid\":true}"), micros, TimeUnit.MICROSECONDS);
    }

    @Override
    public void close() throws IOException {
        service.close();
    }
}
