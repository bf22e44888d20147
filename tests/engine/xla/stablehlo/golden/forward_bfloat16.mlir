module @titrate attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(
    %arg0: tensor<2x3xf32> loc("x"),
    %arg1: tensor<2xi32> loc("ids"),
    %arg2: tensor<4x3xf32> loc("weight"),
    %arg3: tensor<4xf32> loc("bias")
  ) -> (tensor<2xf32>, tensor<2x1xf32>) {
    %0 = stablehlo.convert %arg0 : (tensor<2x3xf32>) -> tensor<2x3xbf16> loc("matmul 3")
    %1 = stablehlo.convert %arg2 : (tensor<4x3xf32>) -> tensor<4x3xbf16> loc("matmul 3")
    %2 = stablehlo.dot_general %0, %1, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<2x3xbf16>, tensor<4x3xbf16>) -> tensor<2x4xf32> loc("matmul 3")
    %3 = stablehlo.constant dense<0.5> : tensor<f32> loc("matmul 3")
    %4 = stablehlo.broadcast_in_dim %3, dims = [] : (tensor<f32>) -> tensor<2x4xf32> loc("matmul 3")
    %5 = stablehlo.multiply %2, %4 : tensor<2x4xf32> loc("matmul 3")
    %6 = stablehlo.broadcast_in_dim %arg3, dims = [1] : (tensor<4xf32>) -> tensor<2x4xf32> loc("add 5")
    %7 = stablehlo.add %5, %6 : tensor<2x4xf32> loc("add 5")
    %8 = stablehlo.iota dim = 1 : tensor<2x4xi32> loc("pickLast 6")
    %9 = stablehlo.reshape %arg1 : (tensor<2xi32>) -> tensor<2x1xi32> loc("pickLast 6")
    %10 = stablehlo.reshape %9 : (tensor<2x1xi32>) -> tensor<2xi32> loc("pickLast 6")
    %11 = stablehlo.broadcast_in_dim %10, dims = [0] : (tensor<2xi32>) -> tensor<2x4xi32> loc("pickLast 6")
    %12 = stablehlo.compare EQ, %8, %11, SIGNED : (tensor<2x4xi32>, tensor<2x4xi32>) -> tensor<2x4xi1> loc("pickLast 6")
    %13 = stablehlo.constant dense<0.0> : tensor<f32> loc("pickLast 6")
    %14 = stablehlo.broadcast_in_dim %13, dims = [] : (tensor<f32>) -> tensor<2x4xf32> loc("pickLast 6")
    %15 = stablehlo.select %12, %7, %14 : tensor<2x4xi1>, tensor<2x4xf32> loc("pickLast 6")
    %16 = stablehlo.reduce(%15 init: %13) applies stablehlo.add across dimensions = [1] : (tensor<2x4xf32>, tensor<f32>) -> tensor<2xf32> loc("pickLast 6")
    %17 = stablehlo.constant dense<0xFF800000> : tensor<f32> loc("reduceMax 7")
    %18 = stablehlo.reduce(%7 init: %17) applies stablehlo.maximum across dimensions = [1] : (tensor<2x4xf32>, tensor<f32>) -> tensor<2xf32> loc("reduceMax 7")
    %19 = stablehlo.reshape %18 : (tensor<2xf32>) -> tensor<2x1xf32> loc("reduceMax 7")
    return %16, %19 : tensor<2xf32>, tensor<2x1xf32>
  }
}
