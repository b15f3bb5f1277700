// What a refusal says to programs, beside its sentence for people.
#pragma once

#include "falconer/result.hpp"
#include "falconer/value.hpp"

namespace falconer::sandbox {

/// `details` of a Status: which object is meant, and what is wrong with which of its fields. Null
/// where a real server says nothing.
///
/// They are read off the sentence, whose form is as fixed as that of a real server's. Source:
/// apimachinery, api/errors/errors.go (NewNotFound, NewConflict, NewInvalid and so on) and
/// util/validation/field/errors.go.
value status_details(const failure& why);

}  // namespace falconer::sandbox
