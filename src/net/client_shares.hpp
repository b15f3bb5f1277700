// Whose connections are open: when places are short, each client has its share of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace falconer::net {

/// What a client is called. None: nobody knows whose it is.
using client_name = std::shared_ptr<const std::string>;

class client_shares {
public:
    /// A connection of `was` is one of `is` from now on.
    void moved(const client_name& was, const client_name& is) {
        if (was) {
            const auto left = count_.find(*was);
            if (--left->second.connections == 0) count_.erase(left);
        }
        if (is) ++count_.try_emplace(*is, entry{is}).first->second.connections;
    }

    std::size_t of(const client_name& client) const {
        const auto found = client ? count_.find(*client) : count_.end();
        return found == count_.end() ? 0 : found->second.connections;
    }

    /// What a client may keep of so many places while others wait: one part is for those who come
    /// and have yet to say who they are.
    std::size_t share_of(std::size_t places) const {
        return std::max<std::size_t>(places / (std::max<std::size_t>(count_.size(), 1) + 1), 1);
    }

    std::size_t clients() const { return count_.size(); }

    struct largest_one {
        client_name name{};
        std::size_t connections = 0;
    };
    largest_one largest() const {
        largest_one most;
        for (const auto& [name, each] : count_)
            if (each.connections > most.connections) most = {each.name, each.connections};
        return most;
    }

private:
    struct entry {
        client_name name{};  // what the key looks into
        std::size_t connections = 0;
    };
    std::unordered_map<std::string_view, entry> count_;  // never 0
};

}  // namespace falconer::net
