// The configuration's receivers, each with the channel that reaches it.
#pragma once

#include "alerts/delivery/deliverer.hpp"
#include "alerts_configuration.hpp"
#include "falconer/net/http_client.hpp"

#include <asio/any_io_executor.hpp>

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace falconer::app {

/// Whoever delivers holds what it delivers through, so that another book may take its place at any
/// time. Threading: the loop thread.
class receiver_book {
public:
    using ptr = std::shared_ptr<const receiver_book>;

    /// Errors: those of reading the CA files, a sentence that says which key is wrong.
    static result<ptr> make(
        asio::any_io_executor loop, time_source& time, const alerts_configuration& how
    );

    /// The receiver that a rule of `project` means: its own, else the operators'. Without a
    /// channel: there is none of that name.
    static alerts::reachable find(
        const ptr& in, const std::string& project, const std::string& name
    );

    std::size_t size() const noexcept { return all_.size(); }

private:
    struct entry {
        std::unique_ptr<alerts::alert_channel> channel{};
        double                                 per_minute = 30;
    };
    receiver_book() = default;

    std::unique_ptr<net::http_client>                    operators_{};
    std::unique_ptr<net::http_client>                    projects_{};  // judges addresses
    std::unique_ptr<net::smtp_client>                    mail_{};
    std::map<std::pair<std::string, std::string>, entry> all_{};  // by project and name
};

}  // namespace falconer::app
