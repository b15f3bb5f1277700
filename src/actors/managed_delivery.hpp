// Objects handed to the resource manager: their Secrets, then the ManagedResource.
#pragma once

#include "falconer/falco/managed_resource.hpp"
#include "falconer/ports/kube_api.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace falconer::actors {

struct delivery_done {
    std::size_t writes  = 0;  // none, where all is as it should be
    std::size_t content = 0;  // of the ManagedResource; managed_resource_state says what it is
};

/// `was`: the ManagedResource as it stands there, or null. `parts`: what others had compressed.
/// Cancel: half of it may have been written; the next call goes on from there. Errors: conflict,
/// when somebody else was faster.
task<result<delivery_done>> deliver(
    kube_api& api, falco::managed_resource_name to, const std::vector<value>& items,
    const value& was, std::shared_ptr<falco::compressed_parts> parts
);

/// Somebody else has made what was to be made: as good as a conflict, and looked at anew.
failure lost_race(failure why);

/// Takes it away, without waiting for its end. How much was written.
task<result<std::size_t>> withdraw(kube_api& api, const value& was);

}  // namespace falconer::actors
