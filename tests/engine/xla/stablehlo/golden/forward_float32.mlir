module @titrate attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(
    %arg0: tensor<2x3xf32> loc("x"),
    %arg1: tensor<2xi32> loc("ids"),
    %arg2: tensor<4x3xf32> loc("weight"),
    %arg3: tensor<4xf32> loc("bias")
  ) -> (tensor<2xf32>, tensor<2x1xf32>) {
    %0 = stablehlo.dot_general %arg0, %arg2, contracting_dims = [1] x [1], precision = [HIGHEST, HIGHEST] : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32> loc("matmul 3")
    %1 = stablehlo.constant dense<0.5> : tensor<f32> loc("matmul 3")
    %2 = stablehlo.broadcast_in_dim %1, dims = [] : (tensor<f32>) -> tensor<2x4xf32> loc("matmul 3")
    %3 = stablehlo.multiply %0, %2 : tensor<2x4xf32> loc("matmul 3")
    %4 = stablehlo.broadcast_in_dim %arg3, dims = [1] : (tensor<4xf32>) -> tensor<2x4xf32> loc("add 5")
    %5 = stablehlo.add %3, %4 : tensor<2x4xf32> loc("add 5")
    %6 = stablehlo.iota dim = 1 : tensor<2x4xi32> loc("pickLast 6")
    %7 = stablehlo.reshape %arg1 : (tensor<2xi32>) -> tensor<2x1xi32> loc("pickLast 6")
    %8 = stablehlo.reshape %7 : (tensor<2x1xi32>) -> tensor<2xi32> loc("pickLast 6")
    %9 = stablehlo.broadcast_in_dim %8, dims = [0] : (tensor<2xi32>) -> tensor<2x4xi32> loc("pickLast 6")
    %10 = stablehlo.compare EQ, %6, %9, SIGNED : (tensor<2x4xi32>, tensor<2x4xi32>) -> tensor<2x4xi1> loc("pickLast 6")
    %11 = stablehlo.constant dense<0.0> : tensor<f32> loc("pickLast 6")
    %12 = stablehlo.broadcast_in_dim %11, dims = [] : (tensor<f32>) -> tensor<2x4xf32> loc("pickLast 6")
    %13 = stablehlo.select %10, %5, %12 : tensor<2x4xi1>, tensor<2x4xf32> loc("pickLast 6")
    %14 = stablehlo.reduce(%13 init: %11) applies stablehlo.add across dimensions = [1] : (tensor<2x4xf32>, tensor<f32>) -> tensor<2xf32> loc("pickLast 6")
    %15 = stablehlo.constant dense<0xFF800000> : tensor<f32> loc("reduceMax 7")
    %16 = stablehlo.reduce(%5 init: %15) applies stablehlo.maximum across dimensions = [1] : (tensor<2x4xf32>, tensor<f32>) -> tensor<2xf32> loc("reduceMax 7")
    %17 = stablehlo.reshape %16 : (tensor<2xf32>) -> tensor<2x1xf32> loc("reduceMax 7")
    return %14, %17 : tensor<2xf32>, tensor<2x1xf32>
  }
}
