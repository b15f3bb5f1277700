// Precompiled for the tests' own code.
#pragma once
#include "../../src/pch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
