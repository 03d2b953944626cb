package dev.mishap.proxy.transport.internal;

import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The options of TCP that mean something within the process, and those that are harmless. */
final class InternalChannelConfig extends DefaultChannelConfig {
    private boolean allowHalfClosure;
    private int linger = -1;

    InternalChannelConfig(InternalChannel channel) {
        super(channel);
    }

    /** What was asked for and has not come is not read any more, as from a socket. */
    @Override
    protected void autoReadCleared() {
        ((InternalChannel) channel).forgetRead();
    }

    boolean isAllowHalfClosure() {
        return allowHalfClosure;
    }

    int getLinger() {
        return linger;
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(super.getOptions(), ChannelOption.ALLOW_HALF_CLOSURE, ChannelOption.SO_LINGER);
    }

    @SuppressWarnings("unchecked")
    @Override
    public <T> @Nullable T getOption(ChannelOption<T> option) {
        if (option == ChannelOption.ALLOW_HALF_CLOSURE) {
            return (T) Boolean.valueOf(allowHalfClosure);
        }
        return option == ChannelOption.SO_LINGER ? (T) Integer.valueOf(linger) : super.getOption(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        if (option == ChannelOption.ALLOW_HALF_CLOSURE) {
            allowHalfClosure = (Boolean) value;
        } else if (option == ChannelOption.SO_LINGER) {
            linger = (Integer) value;
        } else if (option != ChannelOption.TCP_NODELAY) {
            return super.setOption(option, value);
        }
        return true;
    }
}
